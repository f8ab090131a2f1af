import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { keys } from '../schema/keys.ts'
import { timeOf } from './clock.ts'
import { withdrawInvitationsOfKey } from './invitations.ts'

/** A key as stored. */
export type KeyRow = typeof keys.$inferSelect

/** A key with how often it was used and refused. */
export type KeyWithCounters = KeyRow & {
  requestCount: number
  failedAttempts: number
  lastUsedAt: Date | null
  /** The organization's time when it was read. */
  now: Date
}

/** A key found by what was presented, with what of its organization an answer needs. */
export type PresentedKey = KeyRow & {
  organizationName: string
  organizationPlan: string
  /** Milliseconds that the key has left by its organization's clock; null: it does not end by itself. */
  remainingMs: number | null
}

/**
 * Looks presented keys up by their public ids, across tenants (system role). The list stands in a select of its own, so
 * that PostgreSQL can't see how many there are: for a list that it sees it plans each call anew, which takes twice as
 * long as the look-up itself.
 */
export function findPresentedKeys(db: Queryable, publicIds: readonly string[]) {
  return db<PresentedKey[]>`
    select keys.*, organizations.name as organization_name, organizations.plan as organization_plan,
      (extract(epoch from least(expires_at, retires_at) - clock_timestamp()
        - make_interval(secs => clock_offset_seconds)) * 1000)::float8 as remaining_ms
    from keys join organizations on organizations.id = keys.organization_id
    where keys.public_id = any((select ${publicIds as string[]}::text[])::text[])`
}

/** A page of keys, newest first. */
export function listKeys(tx: Queryable, organizationId: string, page: PageRequest) {
  return tx<KeyWithCounters[]>`
    select keys.*, coalesce(request_count, 0)::float8 as request_count, coalesce(failed_attempts, 0)::float8 as failed_attempts,
      last_used_at, (select organization_clock(${organizationId})) as now
    from keys left join key_counters on key_counters.organization_id = keys.organization_id and key_id = keys.id
    where keys.organization_id = ${organizationId} and (${page.after}::text is null or keys.id < ${page.after})
    order by keys.id desc limit ${page.limit + 1}`
}

/** One key, or no row. */
export function findKey(tx: Queryable, organizationId: string, id: string) {
  return tx<KeyWithCounters[]>`
    select keys.*, coalesce(request_count, 0)::float8 as request_count, coalesce(failed_attempts, 0)::float8 as failed_attempts,
      last_used_at, (select organization_clock(${organizationId})) as now
    from keys left join key_counters on key_counters.organization_id = keys.organization_id and key_id = keys.id
    where keys.organization_id = ${organizationId} and keys.id = ${id}`
}

/** How many keys of an organization are accepted now. */
export function countLiveKeys(tx: Queryable, organizationId: string) {
  return tx<{ count: number }[]>`
    select count(*)::int as count from keys
    where organization_id = ${organizationId} and revoked_at is null
      and (expires_at is null or expires_at > organization_now(${organizationId}))
      and (retires_at is null or retires_at > organization_now(${organizationId}))`
}

/** Locks one key until the transaction ends, and tells the organization's time. */
export function lockKey(tx: Queryable, organizationId: string, id: string) {
  locking(tx, 'key', organizationId)
  return tx<(KeyRow & { now: Date })[]>`
    select *, organization_clock(${organizationId}) as now from keys where organization_id = ${organizationId} and id = ${id} for no key update`
}

/** What a new key is made of. */
export type NewKey = Pick<
  KeyRow,
  | 'organizationId'
  | 'id'
  | 'publicId'
  | 'prefix'
  | 'name'
  | 'stage'
  | 'secretHash'
  | 'secretTag'
  | 'scopes'
  | 'allowedIps'
  | 'rateLimitPerMinute'
  | 'createdBy'
  | 'expiresAt'
>

export function insertKey(tx: Queryable, key: NewKey) {
  return tx<KeyRow[]>`
    insert into keys (organization_id, id, public_id, prefix, name, stage, secret_hash, secret_tag, scopes, allowed_ips,
      rate_limit_per_minute, created_by, expires_at, created_at)
    values (${key.organizationId}, ${key.id}, ${key.publicId}, ${key.prefix}, ${key.name}, ${key.stage},
      ${key.secretHash}, ${key.secretTag}, ${key.scopes}, ${key.allowedIps}, ${key.rateLimitPerMinute},
      ${key.createdBy}, ${key.expiresAt}, ${timeOf(tx, key.organizationId)})
    returning *`
}

/** What may be changed of a key after it was made. */
export type KeyChange = Pick<KeyRow, 'name' | 'scopes' | 'allowedIps' | 'expiresAt' | 'rateLimitPerMinute'>

export function updateKey(tx: Queryable, organizationId: string, id: string, change: KeyChange) {
  locking(tx, 'key', organizationId)
  return tx`
    update keys set name = ${change.name}, scopes = ${change.scopes}, allowed_ips = ${change.allowedIps},
      expires_at = ${change.expiresAt}, rate_limit_per_minute = ${change.rateLimitPerMinute}
    where organization_id = ${organizationId} and id = ${id}`
}

/**
 * Ends a key, and withdraws what was invited to with it: whoever stole it has no invitation left to accept. No row where
 * the key was ended before: that stays its end.
 */
export async function revokeKey(tx: Queryable, organizationId: string, id: string, reason: string | null) {
  locking(tx, 'key', organizationId)
  const ended = await tx<KeyRow[]>`
    update keys set revoked_at = clock_timestamp(), revoked_reason = ${reason}
    where organization_id = ${organizationId} and id = ${id} and revoked_at is null returning *`
  await withdrawInvitationsOfKey(tx, organizationId, id)
  return ended
}

/** Has a key retire in favour of its successor, after a grace in hours and never after its own expiry. */
export function retireKey(
  tx: Queryable,
  organizationId: string,
  id: string,
  successorId: string,
  graceHours: number,
) {
  return tx<KeyRow[]>`
    update keys set rotated_at = organization_clock(${organizationId}), replaced_by = ${successorId},
      retires_at = least(expires_at, organization_clock(${organizationId}) + make_interval(hours => ${graceHours}))
    where organization_id = ${organizationId} and id = ${id} returning *`
}

/** Ends a retiring key's grace now. */
export function endGrace(tx: Queryable, organizationId: string, id: string) {
  return tx<KeyRow[]>`
    update keys set retires_at = organization_clock(${organizationId})
    where organization_id = ${organizationId} and id = ${id} returning *`
}

/** Has a retiring key live on, as if it had never been rotated. */
export function keepKey(tx: Queryable, organizationId: string, id: string) {
  return tx`
    update keys set retires_at = null, replaced_by = null, rotated_at = null
    where organization_id = ${organizationId} and id = ${id}`
}

/** Finds the organization of a key (system role). */
export function findOrganizationOfKey(db: Queryable, id: string) {
  return db<{ organizationId: string }[]>`select organization_id from keys where id = ${id}`
}
