import type { Config } from '../../config/config.ts'
import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { announceChange } from '../../db/changes.ts'
import type { Database, Queryable } from '../../db/connect.ts'
import type { MembershipRow } from '../../db/queries/accounts.ts'
import { endSessions, insertSession, insertTokens, type SessionOrigin } from '../../db/queries/sessions.ts'
import type { Login, Membership } from '../../schemas/accounts.ts'
import { newId } from '../../schemas/ids.ts'

/** What session services need to know of the process. */
export type SessionSettings = Pick<Config, 'environment' | 'accessTokenSeconds' | 'refreshTokenSeconds'>

const DAY_SECONDS = 86_400

/** How long a session lasts at most, whatever its use. */
export const SESSION_SECONDS = { token: 90 * DAY_SECONDS, dashboard: 30 * DAY_SECONDS } as const

/** How long the dashboard's cookie lasts without use. */
export function cookieSeconds(settings: Pick<Config, 'refreshTokenSeconds'>): number {
  return Math.min(DAY_SECONDS, settings.refreshTokenSeconds)
}

/** Two new tokens, and how long the first of them lasts, in seconds. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresIn: number
}

/** Opens a session for a member and hands out its first two tokens. */
export async function openSession(
  db: Queryable,
  settings: SessionSettings,
  member: MembershipRow,
  origin: SessionOrigin,
): Promise<Login> {
  return (await openSessionOf(db, settings, member, origin)).login
}

/** The same, with the session's id. */
export async function openSessionOf(
  db: Queryable,
  settings: SessionSettings,
  member: MembershipRow,
  origin: SessionOrigin,
): Promise<{ login: Login; sessionId: string }> {
  const { organizationId, userId } = member
  const session = { organizationId, id: newId('ses'), userId }
  const lifetimeSeconds = SESSION_SECONDS.token
  await insertSession(db, { ...session, ...origin, kind: 'token', lifetimeSeconds })
  return { login: presentLogin(await issueTokens(db, settings, session), member), sessionId: session.id }
}

/** Opens the dashboard's session for a member. */
export async function openDashboardSession(
  db: Queryable,
  settings: SessionSettings,
  member: MembershipRow,
  origin: SessionOrigin,
): Promise<{ cookie: string; sessionId: string }> {
  const { organizationId, userId } = member
  const session = { organizationId, id: newId('ses'), userId }
  const lifetimeSeconds = SESSION_SECONDS.dashboard
  await insertSession(db, { ...session, ...origin, kind: 'dashboard', lifetimeSeconds })
  const { text } = generateCredential('ds_')
  await insertTokens(db, session, [{ kind: 'cookie', hash: sha256(text), seconds: cookieSeconds(settings) }])
  return { cookie: text, sessionId: session.id }
}

/** Makes an access and a refresh token for a session. */
export async function issueTokens(
  db: Queryable,
  settings: SessionSettings,
  session: { organizationId: string; id: string },
): Promise<TokenPair> {
  const access = generateCredential('at_').text
  const refresh = generateCredential('rt_').text
  await insertTokens(db, session, [
    { kind: 'access', hash: sha256(access), seconds: settings.accessTokenSeconds },
    { kind: 'refresh', hash: sha256(refresh), seconds: settings.refreshTokenSeconds },
  ])
  return { accessToken: access, refreshToken: refresh, expiresIn: settings.accessTokenSeconds }
}

/** The answer to a log-in: tokens, and whose they are. */
export function presentLogin(tokens: TokenPair, member: MembershipRow): Login {
  return { ...tokens, tokenType: 'Bearer', ...presentMember(member) }
}

/** A user and the organization that they log in to. */
export function presentMember(member: MembershipRow): Pick<Login, 'user' | 'organization'> {
  const { role, ...organization } = presentMembership(member)
  return { user: { id: member.userId, email: member.email, name: member.userName, role }, organization }
}

/** An organization that a user may log in to, and what they are there. */
export function presentMembership(member: MembershipRow): Membership {
  return {
    id: member.organizationId,
    name: member.organizationName,
    plan: member.organizationPlan,
    role: member.role,
  }
}

/**
 * Ends sessions of a user with all their tokens, in the transaction that is handed in (system role), and announces it.
 * @param which one session; or all, but for the one named, if any
 * @returns the tags to settle once the transaction is committed
 */
export async function closeSessionsIn(
  tx: Queryable,
  settings: Pick<SessionSettings, 'environment'>,
  userId: string,
  which: { only: string } | { except: string | null },
): Promise<string[]> {
  const tags = (await endSessions(tx, userId, which)).map((id) => `session:${id}`)
  for (const tag of tags) await announceChange(tx, settings.environment, tag)
  return tags
}

/** The same, in a transaction of its own. */
export function closeSessions(
  db: Database,
  settings: Pick<SessionSettings, 'environment'>,
  userId: string,
  which: { only: string } | { except: string | null },
): Promise<string[]> {
  return db.begin((tx) => closeSessionsIn(tx, settings, userId, which)) as Promise<string[]>
}
