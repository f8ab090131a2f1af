import type { Role } from '../../schemas/access.ts'
import type { Queryable } from '../connect.ts'

/** A presented token, with the session, the user and the organization that it stands for. */
export interface PresentedToken {
  hash: Buffer
  kind: 'access' | 'refresh'
  expiresAt: Date
  usedAt: Date | null
  sessionId: string
  sessionEndedAt: Date | null
  organizationId: string
  organizationName: string
  organizationPlan: string
  userId: string
  email: string
  userName: string
  role: Role
}

/** Looks presented tokens up by their SHA-256, across tenants (system role). */
export function findPresentedTokens(db: Queryable, hashes: readonly Buffer[]) {
  return db<PresentedToken[]>`
    select tokens.hash, tokens.kind, tokens.expires_at, tokens.used_at, sessions.id as session_id, sessions.ended_at as session_ended_at,
      organizations.id as organization_id, organizations.name as organization_name, organizations.plan as organization_plan,
      users.id as user_id, users.email, users.name as user_name, memberships.role
    from tokens
    join sessions on sessions.organization_id = tokens.organization_id and sessions.id = tokens.session_id
    join memberships on memberships.organization_id = sessions.organization_id and memberships.user_id = sessions.user_id
    join users on users.id = sessions.user_id
    join organizations on organizations.id = sessions.organization_id
    where tokens.hash = any(array(select decode(hex, 'hex') from unnest(${hashes.map((hash) => hash.toString('hex'))}::text[]) as hex))`
}

/** Where a log-in came from. */
export interface SessionOrigin {
  ip: string | null
  userAgent: string | null
}

export function insertSession(
  db: Queryable,
  session: { organizationId: string; id: string; userId: string } & SessionOrigin,
) {
  return db`
    insert into sessions (organization_id, id, user_id, ip, user_agent)
    values (${session.organizationId}, ${session.id}, ${session.userId}, ${session.ip}, ${session.userAgent})`
}

/** Keeps an access and a refresh token of a session. Ages are in seconds. */
export function insertTokens(
  db: Queryable,
  session: { organizationId: string; id: string },
  access: { hash: Buffer; seconds: number },
  refresh: { hash: Buffer; seconds: number },
) {
  return db`
    insert into tokens (hash, organization_id, session_id, kind, expires_at) values
      (${access.hash}, ${session.organizationId}, ${session.id}, 'access', now() + make_interval(secs => ${access.seconds})),
      (${refresh.hash}, ${session.organizationId}, ${session.id}, 'refresh', now() + make_interval(secs => ${refresh.seconds}))`
}

/** Marks a refresh token as exchanged; no row where another request was first, or it is no longer valid. */
export function useRefreshToken(db: Queryable, hash: Buffer) {
  return db<{ sessionId: string }[]>`
    update tokens set used_at = now()
    where hash = ${hash} and kind = 'refresh' and used_at is null and expires_at > now()
    returning session_id`
}

/** Ends a session and deletes its tokens. */
export async function endSession(db: Queryable, organizationId: string, sessionId: string): Promise<void> {
  await db`update sessions set ended_at = now() where organization_id = ${organizationId} and id = ${sessionId} and ended_at is null`
  await db`delete from tokens where organization_id = ${organizationId} and session_id = ${sessionId}`
}

/** Notes that a session was used. */
export function touchSession(db: Queryable, organizationId: string, sessionId: string) {
  return db`update sessions set last_used_at = now() where organization_id = ${organizationId} and id = ${sessionId}`
}
