import type { Config } from '../../config/config.ts'
import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { announceChanges } from '../../db/changes.ts'
import type { Database, Queryable } from '../../db/connect.ts'
import type { MembershipRow } from '../../db/queries/accounts.ts'
import { endSessions, insertSession, insertTokens, type SessionOrigin } from '../../db/queries/sessions.ts'
import type { Login, Membership } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
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

/**
 * Opens a session for a member and hands out its first two tokens.
 * @throws ApiError 403 where the membership has ended meanwhile
 */
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
  const [opened] = await insertSession(db, { ...session, ...origin, kind: 'token', lifetimeSeconds })
  if (!opened) throw noMember()
  return { login: presentLogin(await issueTokens(db, settings, session), member), sessionId: session.id }
}

/** Opens the dashboard's session for a member. @throws as {@link openSession} */
export async function openDashboardSession(
  db: Queryable,
  settings: SessionSettings,
  member: MembershipRow,
  origin: SessionOrigin,
): Promise<{ cookie: string; sessionId: string }> {
  const { organizationId, userId } = member
  const session = { organizationId, id: newId('ses'), userId }
  const lifetimeSeconds = SESSION_SECONDS.dashboard
  const [opened] = await insertSession(db, { ...session, ...origin, kind: 'dashboard', lifetimeSeconds })
  if (!opened) throw noMember()
  const { text } = generateCredential('ds_')
  await insertTokens(db, session, [{ kind: 'cookie', hash: sha256(text), seconds: cookieSeconds(settings) }])
  return { cookie: text, sessionId: session.id }
}

/** 403 for a user who is no member of the organization that they want a session in. */
export function noMember(): ApiError {
  return new ApiError('FORBIDDEN', 'You are not a member of this organization', { reason: 'no_member' })
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
 * Ends sessions of a user with all their tokens, in the transaction that is handed in (system role).
 * @param which one session; or all, but for the one named, if any
 * @returns the tags to announce, as the last step of the transaction, and to settle once it is committed
 */
export async function closeSessionsIn(
  tx: Queryable,
  userId: string,
  which: { only: string } | { except: string | null },
): Promise<string[]> {
  return (await endSessions(tx, userId, which)).map((id) => `session:${id}`)
}

/** The same, in a transaction of its own. @returns the tags to settle */
export function closeSessions(
  db: Database,
  settings: Pick<SessionSettings, 'environment'>,
  userId: string,
  which: { only: string } | { except: string | null },
): Promise<string[]> {
  return db.begin(async (tx) => {
    const tags = await closeSessionsIn(tx, userId, which)
    await announceChanges(tx, settings.environment, tags)
    return tags
  }) as Promise<string[]>
}
