import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import type { keys } from '../schema/keys.ts'

/** A key as stored. */
export type KeyRow = typeof keys.$inferSelect

/** A key with how often it was used and refused. */
export type KeyWithCounters = KeyRow & {
  requestCount: number
  failedAttempts: number
  lastUsedAt: Date | null
}

/** A key found by what was presented, with what of its organization an answer needs. */
export type PresentedKey = KeyRow & { organizationName: string; organizationPlan: string }

/** Looks presented keys up by their public ids, across tenants (system role). */
export function findPresentedKeys(db: Queryable, publicIds: readonly string[]) {
  return db<PresentedKey[]>`
    select keys.*, organizations.name as organization_name, organizations.plan as organization_plan
    from keys join organizations on organizations.id = keys.organization_id
    where keys.public_id = any(${publicIds as string[]})`
}

/** A page of keys, newest first. */
export function listKeys(tx: Queryable, organizationId: string, page: PageRequest) {
  return tx<KeyWithCounters[]>`
    select keys.*, coalesce(request_count, 0)::float8 as request_count, coalesce(failed_attempts, 0)::float8 as failed_attempts,
      last_used_at
    from keys left join key_counters on key_counters.organization_id = keys.organization_id and key_id = keys.id
    where keys.organization_id = ${organizationId} and (${page.after}::text is null or keys.id < ${page.after})
    order by keys.id desc limit ${page.limit + 1}`
}

/** One key, or no row. */
export function findKey(tx: Queryable, organizationId: string, id: string) {
  return tx<KeyWithCounters[]>`
    select keys.*, coalesce(request_count, 0)::float8 as request_count, coalesce(failed_attempts, 0)::float8 as failed_attempts,
      last_used_at
    from keys left join key_counters on key_counters.organization_id = keys.organization_id and key_id = keys.id
    where keys.organization_id = ${organizationId} and keys.id = ${id}`
}

/** Locks one key until the transaction ends. */
export function lockKey(tx: Queryable, organizationId: string, id: string) {
  return tx<KeyRow[]>`select * from keys where organization_id = ${organizationId} and id = ${id} for update`
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
    insert into keys ${tx(
      key,
      'organizationId',
      'id',
      'publicId',
      'prefix',
      'name',
      'stage',
      'secretHash',
      'secretTag',
      'scopes',
      'allowedIps',
      'rateLimitPerMinute',
      'createdBy',
      'expiresAt',
    )} returning *`
}

/** What may be changed of a key after it was made. */
export type KeyChange = Pick<KeyRow, 'name' | 'scopes' | 'allowedIps' | 'expiresAt' | 'rateLimitPerMinute'>

export function updateKey(tx: Queryable, organizationId: string, id: string, change: KeyChange) {
  return tx`
    update keys set name = ${change.name}, scopes = ${change.scopes}, allowed_ips = ${change.allowedIps},
      expires_at = ${change.expiresAt}, rate_limit_per_minute = ${change.rateLimitPerMinute}
    where organization_id = ${organizationId} and id = ${id}`
}

/** Ends a key; a key that was ended keeps its first end. */
export function revokeKey(tx: Queryable, organizationId: string, id: string, reason: string | null) {
  return tx`
    update keys set revoked_at = now(), revoked_reason = ${reason}
    where organization_id = ${organizationId} and id = ${id} and revoked_at is null`
}
