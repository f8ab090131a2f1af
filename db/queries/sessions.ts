import type { Role } from '../../schemas/access.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { sessions } from '../schema/accounts.ts'
import type { UserRow } from './accounts.ts'
import { inheritProof } from './session-uses.ts'

export type SessionRow = typeof sessions.$inferSelect

/** A presented token, with the session, the user and the organization that it stands for. */
export interface PresentedToken {
  hash: Buffer
  kind: 'access' | 'refresh' | 'cookie'
  expiresAt: Date
  usedAt: Date | null
  sessionId: string
  sessionEndedAt: Date | null
  /** The session's end that no use puts off. */
  sessionExpiresAt: Date
  organizationId: string
  organizationName: string
  organizationPlan: string
  userId: string
  email: string
  userName: string
  role: Role
  /** The organization requires a second factor, and the user has none yet. */
  totpMissing: boolean
}

/** Looks presented tokens up by their SHA-256, across tenants (system role). */
export function findPresentedTokens(db: Queryable, hashes: readonly Buffer[]) {
  return db<PresentedToken[]>`
    select tokens.hash, tokens.kind, tokens.expires_at, tokens.used_at, sessions.id as session_id,
      sessions.ended_at as session_ended_at, sessions.expires_at as session_expires_at,
      organizations.id as organization_id, organizations.name as organization_name, organizations.plan as organization_plan,
      users.id as user_id, users.email, users.name as user_name, memberships.role,
      organizations.require_totp and totp.confirmed_at is null as totp_missing
    from tokens
    join sessions on sessions.organization_id = tokens.organization_id and sessions.id = tokens.session_id
    join memberships on memberships.organization_id = sessions.organization_id and memberships.user_id = sessions.user_id
    join users on users.id = sessions.user_id
    join organizations on organizations.id = sessions.organization_id
    left join totp on totp.user_id = sessions.user_id
    where tokens.hash = any(array(select decode(hex, 'hex') from unnest(${hashes.map((hash) => hash.toString('hex'))}::text[]) as hex))`
}

/** Locks a user until the transaction ends, so that transactions that change what belongs to the person take turns. */
export function lockUser(db: Queryable, userId: string) {
  locking(db, 'user', userId)
  return db<UserRow[]>`select * from users where id = ${userId} for no key update`
}

/** Locks the user whose token it is, if any, as {@link lockUser} does. */
export function lockUserOfToken(db: Queryable, hash: Buffer) {
  locking(db, 'user', '')
  return db`
    select from users where id = (
      select user_id from tokens
      join sessions on sessions.organization_id = tokens.organization_id and sessions.id = tokens.session_id
      where tokens.hash = ${hash}
    ) for no key update`
}

/** Keeps the session whose token it is, if any, from being deleted before the transaction ends. It may end meanwhile. */
export function holdSessionOfToken(db: Queryable, hash: Buffer) {
  locking(db, 'session', '')
  return db`
    select from sessions where (organization_id, id) in (
      select organization_id, session_id from tokens where hash = ${hash}
    ) for key share`
}

/** A refresh token, locked until the transaction ends: of many who present it one exchanges it. */
export function lockRefreshToken(db: Queryable, hash: Buffer) {
  locking(db, 'token', '')
  return db<
    { state: 'unused' | 'used just now' | 'used' | 'expired'; successors: Buffer | null; sessionId: string }[]
  >`
    select case
        when expires_at <= now() then 'expired'
        when used_at is null then 'unused'
        when used_at > now() - interval '30 seconds' then 'used just now'
        else 'used'
      end as state, successors, session_id
    from tokens where hash = ${hash} and kind = 'refresh' for update`
}

/** A row where a refresh token was exchanged more than 30 seconds ago: whoever presents it now may have copied it. */
export function isRefreshTokenReused(db: Queryable, hash: Buffer) {
  return db`
    select from tokens
    where hash = ${hash} and kind = 'refresh' and expires_at > now() and used_at <= now() - interval '30 seconds'`
}

/** Marks a refresh token as exchanged. */
export function useRefreshToken(db: Queryable, hash: Buffer, successors: Buffer) {
  return db`update tokens set used_at = now(), successors = ${successors} where hash = ${hash}`
}

/** When a token ends; no row for one that is gone. */
export function findTokenEnd(db: Queryable, hash: Buffer) {
  return db<{ seconds: number }[]>`
    select greatest(0, extract(epoch from expires_at - now()))::float8 as seconds from tokens where hash = ${hash}`
}

/** Where a log-in came from. */
export interface SessionOrigin {
  ip: string | null
  userAgent: string | null
}

/**
 * Opens a session of a member; no row where the user is no member any more.
 * @param session.lifetimeSeconds until the end that no use puts off
 */
export function insertSession(
  db: Queryable,
  session: {
    organizationId: string
    id: string
    userId: string
    kind: 'token' | 'dashboard'
    lifetimeSeconds: number
  } & SessionOrigin,
) {
  locking(db, 'membership', session.organizationId)
  return db<{ id: string }[]>`
    insert into sessions (organization_id, id, user_id, ip, user_agent, kind, expires_at)
    select organization_id, ${session.id}, user_id, ${session.ip}, ${session.userAgent}, ${session.kind},
      now() + make_interval(secs => ${session.lifetimeSeconds})
    from memberships
    where organization_id = ${session.organizationId} and user_id = ${session.userId} for key share
    returning id`
}

/** Keeps tokens of a session, none of which outlives it. Ages are in seconds. */
export async function insertTokens(
  db: Queryable,
  session: { organizationId: string; id: string },
  tokens: readonly { kind: PresentedToken['kind']; hash: Buffer; seconds: number }[],
): Promise<void> {
  for (const { kind, hash, seconds } of tokens) {
    await db`
      insert into tokens (hash, organization_id, session_id, kind, expires_at)
      select ${hash}, organization_id, id, ${kind}, least(now() + make_interval(secs => ${seconds}), expires_at)
      from sessions where organization_id = ${session.organizationId} and id = ${session.id}`
  }
}

/** Deletes a session's tokens that are over: they are refused as they are. */
export function deleteOldTokens(db: Queryable, organizationId: string, sessionId: string) {
  return db`
    delete from tokens
    where organization_id = ${organizationId} and session_id = ${sessionId} and expires_at < now()`
}

/** One of a user's sessions, in any organization (system role). */
export function findSession(db: Queryable, userId: string, sessionId: string) {
  return db<SessionRow[]>`
    select * from sessions where user_id = ${userId} and id = ${sessionId} and ended_at is null and expires_at > now()`
}

/** A session as its owner sees it. */
export type ListedSession = Omit<SessionRow, 'authenticatedAt'> & { organizationName: string }

/** A page of a user's sessions that live, in all organizations, newest first (system role). */
export function listSessions(db: Queryable, userId: string, page: { limit: number; after: string | null }) {
  return db<ListedSession[]>`
    select sessions.organization_id, sessions.id, user_id, ip, user_agent, sessions.created_at, ended_at, kind,
      expires_at, coalesce(uses.last_used_at, sessions.created_at) as last_used_at,
      organizations.name as organization_name
    from sessions
    join organizations on organizations.id = sessions.organization_id
    left join session_uses as uses
      on uses.organization_id = sessions.organization_id and uses.session_id = sessions.id
    where user_id = ${userId} and ended_at is null and expires_at > now()
      and (${page.after}::text is null or sessions.id < ${page.after})
      and exists (
        select from tokens where tokens.organization_id = sessions.organization_id and session_id = sessions.id
          and tokens.expires_at > now() and (kind <> 'refresh' or used_at is null))
    order by sessions.id desc limit ${page.limit + 1}`
}

/**
 * Ends sessions of a user that have not ended, in all organizations, and deletes their tokens (system role).
 * @param which one session; or all, but for the one named, if any
 * @returns the ids of those that this ended
 */
export async function endSessions(
  db: Queryable,
  userId: string,
  which: { only: string } | { except: string | null },
): Promise<string[]> {
  const only = 'only' in which ? which.only : null
  const except = 'except' in which ? which.except : null
  // Log-ins and switches hold the user for as long as they open a session: none slips in between.
  await lockUser(db, userId)
  locking(db, 'session', userId)
  const ended = await db<{ id: string }[]>`
    with concerned as materialized (
      select organization_id, id from sessions
      where user_id = ${userId} and ended_at is null
        and (${only}::text is null or id = ${only}) and (${except}::text is null or id <> ${except})
      order by id for no key update)
    update sessions set ended_at = now() from concerned
    where sessions.organization_id = concerned.organization_id and sessions.id = concerned.id
    returning sessions.id`
  const ids = ended.map(({ id }) => id)
  await db`
    delete from tokens using sessions
    where sessions.user_id = ${userId} and sessions.id = any(${ids}::text[])
      and tokens.organization_id = sessions.organization_id and tokens.session_id = sessions.id`
  return ids
}

/**
 * Ends a member's sessions in one organization and deletes their tokens.
 * @returns the ids of those that this ended
 */
export async function endMemberSessions(
  tx: Queryable,
  organizationId: string,
  userId: string,
): Promise<string[]> {
  locking(tx, 'membership', organizationId)
  await tx`select from memberships where organization_id = ${organizationId} and user_id = ${userId} for update`
  locking(tx, 'session', organizationId)
  const ended = await tx<{ id: string }[]>`
    with concerned as materialized (
      select id from sessions
      where organization_id = ${organizationId} and user_id = ${userId} and ended_at is null
      order by id for no key update)
    update sessions set ended_at = now() from concerned
    where organization_id = ${organizationId} and sessions.id = concerned.id
    returning sessions.id`
  const ids = ended.map(({ id }) => id)
  await tx`delete from tokens where organization_id = ${organizationId} and session_id = any(${ids}::text[])`
  return ids
}

/**
 * Gives a session the end and the proof of another one of the same user, which it came from (system role).
 * @returns no row where that one has ended
 */
export async function inheritSession(db: Queryable, userId: string, from: string, to: string) {
  const inherited = await db<{ id: string }[]>`
    update sessions set expires_at = least(sessions.expires_at, origin.expires_at)
    from sessions as origin
    where sessions.user_id = ${userId} and sessions.id = ${to} and origin.user_id = ${userId} and origin.id = ${from}
      and origin.ended_at is null
    returning sessions.id`
  await inheritProof(db, userId, from, to)
  await db`
    update tokens set expires_at = least(tokens.expires_at, sessions.expires_at)
    from sessions
    where sessions.user_id = ${userId} and sessions.id = ${to}
      and tokens.organization_id = sessions.organization_id and tokens.session_id = sessions.id`
  return inherited
}

/**
 * Forgets tokens that ended a day ago, and sessions that ended so many days ago. What somebody holds is left for the
 * next time.
 * @param days how long an ended session can be looked back at
 */
export async function forgetEndedSessions(db: Queryable, days: number): Promise<void> {
  await db`
    delete from tokens where hash in (
      select hash from tokens where expires_at < now() - interval '1 day' for update skip locked)`
  await db`
    delete from sessions where (organization_id, id) in (
      select organization_id, id from sessions
      where least(ended_at, expires_at) < now() - make_interval(days => ${days}) for update skip locked)`
}
