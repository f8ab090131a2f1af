import type { Role } from '../../schemas/access.ts'
import type { Queryable } from '../connect.ts'

/**
 * How a transaction locks a credential: in share mode for a write that runs by it, exclusively for what ends or narrows
 * it.
 */
export type StandingLock = 'share' | 'exclusive'

/** A presented key, as it is now. */
export interface KeyStanding {
  scopes: string[]
  allowedIps: string[]
  /** Its expiry or its retirement, whichever comes first; null: never. */
  endsOn: Date | null
  /** Neither revoked nor at its end by the organization's clock. */
  live: boolean
}

/**
 * Locks a key until the transaction ends: its revocation waits for the writes that run by it, and a write that comes
 * after the revocation sees it. No row where the key is gone. Counters are in a table of their own, so that counting
 * a request never waits for this lock.
 */
export function lockKeyStanding(tx: Queryable, organizationId: string, id: string, lock: StandingLock) {
  return tx<KeyStanding[]>`
    select scopes, allowed_ips, least(expires_at, retires_at) as ends_on,
      revoked_at is null and coalesce(least(expires_at, retires_at) > organization_clock(${organizationId}), true) as live
    from keys where organization_id = ${organizationId} and id = ${id}
    ${lock === 'share' ? tx`for share` : tx`for no key update`}`
}

/**
 * Locks keys of an organization by their ids: those that a user created, and others.
 * @param ids other keys
 */
export function lockKeysOf(
  tx: Queryable,
  organizationId: string,
  userId: string,
  ids: readonly string[] = [],
) {
  return tx`
    select from keys
    where organization_id = ${organizationId} and (created_by = ${userId} or id = any(${ids}::text[]))
    order by id for no key update`
}

/** A session and its user's membership, as they are now. */
export interface UserStanding {
  role: Role
  live: boolean
}

/**
 * The same for a user's membership and session, which are locked in this order. No row where the user is no member any
 * more.
 */
export function lockUserStanding(
  tx: Queryable,
  organizationId: string,
  sessionId: string,
  userId: string,
  lock: StandingLock,
) {
  // An exclusive lock leaves nothing to add later: a membership that is about to be deleted needs `for update`.
  return tx<UserStanding[]>`
    select memberships.role, sessions.ended_at is null as live
    from memberships join sessions
      on sessions.organization_id = memberships.organization_id and sessions.user_id = memberships.user_id
    where sessions.organization_id = ${organizationId} and sessions.id = ${sessionId}
      and memberships.user_id = ${userId}
    ${
      lock === 'share'
        ? tx`for share of memberships for share of sessions`
        : tx`for update of memberships for update of sessions`
    }`
}

/** Locks the membership of somebody whose rights are about to be taken away. */
export function lockMemberStanding(tx: Queryable, organizationId: string, userId: string) {
  return tx`
    select from memberships where organization_id = ${organizationId} and user_id = ${userId} for update`
}

/**
 * The same for a candidate's interview session. No row where it has ended. Whoever ends such a session holds its invite or
 * its interview, so these are locked before it.
 */
export function lockInterviewStanding(tx: Queryable, organizationId: string, hash: Buffer) {
  return tx`
    select from interview_sessions as sessions
    join interviews
      on interviews.organization_id = sessions.organization_id and interviews.id = sessions.interview_id
    join invites on invites.organization_id = interviews.organization_id and invites.id = interviews.invite_id
    where sessions.organization_id = ${organizationId} and sessions.hash = ${hash} and sessions.ended_at is null
    for no key update of invites for no key update of interviews for share of sessions`
}

/**
 * Locks every credential of an organization, in the order in which writes lock theirs. Writes that are under way come to
 * their end first, and no other one begins: what deletes the organization then waits for none of them. Like a write's
 * own credential, they are locked before anything else.
 */
export async function lockStandings(tx: Queryable, organizationId: string): Promise<void> {
  await tx`select from memberships where organization_id = ${organizationId} order by user_id for update`
  await tx`select from sessions where organization_id = ${organizationId} order by id for update`
  await tx`select from keys where organization_id = ${organizationId} order by id for update`
  await tx`select from invites where organization_id = ${organizationId} order by id for update`
  await tx`select from interviews where organization_id = ${organizationId} order by id for update`
  await tx`select from interview_sessions where organization_id = ${organizationId} order by hash for update`
}
