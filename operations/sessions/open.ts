import type { Static, TSchema } from 'typebox'
import type { Config } from '../../config/config.ts'
import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import type { MembershipRow } from '../../db/queries/accounts.ts'
import { insertSession, insertTokens, type SessionOrigin } from '../../db/queries/sessions.ts'
import { Login } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { DashboardEntrance } from '../../schemas/sessions.ts'
import { serializeLogin, serializeUser, type TokenPair } from './serialize.ts'

type SessionSettings = Pick<Config, 'accessTokenSeconds' | 'refreshTokenSeconds'>

const DAY_SECONDS = 86_400
const LONGEST_AGENT = 300

/** How long a session lasts at most, however much it is used. */
export const SESSION_SECONDS = { token: 90 * DAY_SECONDS, dashboard: 30 * DAY_SECONDS } as const

/** How long the dashboard's cookie lasts without use. */
export function cookieSeconds(settings: Pick<Config, 'refreshTokenSeconds'>): number {
  return Math.min(DAY_SECONDS, settings.refreshTokenSeconds)
}

/**
 * Opens a session for a member and hands out its first two tokens.
 * @throws ApiError 403 where the membership has ended meanwhile
 */
export async function openSession(
  tx: Queryable,
  settings: SessionSettings,
  member: MembershipRow,
  origin: SessionOrigin,
): Promise<{ login: Login; sessionId: string }> {
  const session = await open(tx, member, origin, 'token')
  return { login: serializeLogin(await issueTokens(tx, settings, session), member), sessionId: session.id }
}

/** Opens the dashboard's session for a member. @throws as {@link openSession} */
export async function openDashboardSession(
  tx: Queryable,
  settings: SessionSettings,
  member: MembershipRow,
  origin: SessionOrigin,
): Promise<{ entrance: DashboardEntrance; sessionId: string }> {
  const session = await open(tx, member, origin, 'dashboard')
  const { text: cookie } = generateCredential('ds_')
  await insertTokens(tx, session, [
    { kind: 'cookie', hash: sha256(cookie), seconds: cookieSeconds(settings) },
  ])
  return { entrance: { cookie, ...serializeUser(member) }, sessionId: session.id }
}

/** How somebody enters: with tokens for a program, or with the dashboard's cookie. */
export interface Entrance<O extends TSchema> {
  readonly output: O
  /** @throws as {@link openSession} */
  open(
    tx: Queryable,
    settings: SessionSettings,
    member: MembershipRow,
    origin: SessionOrigin,
  ): Promise<Static<O>>
}

/** Opens a session for bearer tokens. */
export const withTokens: Entrance<typeof Login> = {
  output: Login,
  open: async (...args) => (await openSession(...args)).login,
}

/** Opens the dashboard's session. */
export const withCookie: Entrance<typeof DashboardEntrance> = {
  output: DashboardEntrance,
  open: async (...args) => (await openDashboardSession(...args)).entrance,
}

/** 403 for a user who is no member of the organization that they want a session in. */
export function noMember(): ApiError {
  return new ApiError('FORBIDDEN', 'You are not a member of this organization', { reason: 'no_member' })
}

/** Makes an access and a refresh token for a session. */
export async function issueTokens(
  tx: Queryable,
  settings: SessionSettings,
  session: { organizationId: string; id: string },
): Promise<TokenPair> {
  const access = generateCredential('at_').text
  const refresh = generateCredential('rt_').text
  await insertTokens(tx, session, [
    { kind: 'access', hash: sha256(access), seconds: settings.accessTokenSeconds },
    { kind: 'refresh', hash: sha256(refresh), seconds: settings.refreshTokenSeconds },
  ])
  return { accessToken: access, refreshToken: refresh, expiresIn: settings.accessTokenSeconds }
}

async function open(
  tx: Queryable,
  { organizationId, userId }: MembershipRow,
  { ip, userAgent }: SessionOrigin,
  kind: keyof typeof SESSION_SECONDS,
): Promise<{ organizationId: string; id: string }> {
  const session = { organizationId, id: newId('ses'), userId }
  const [opened] = await insertSession(tx, {
    ...session,
    ip,
    userAgent: userAgent?.slice(0, LONGEST_AGENT) ?? null,
    kind,
    lifetimeSeconds: SESSION_SECONDS[kind],
  })
  if (!opened) throw noMember()
  return session
}
