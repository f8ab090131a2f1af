import type { Queryable } from '../connect.ts'
import type { KeyRow, KeyWithCounters } from './keys.ts'

/**
 * Marks active keys that are older than 90 days and were not told of. Rows come by organization, so that those who
 * write to several audit logs in one transaction do it in one order.
 */
export async function markRotationDue(tx: Queryable, limit: number) {
  const rows = await tx<KeyRow[]>`
    update keys set rotation_due_at = now()
    where (organization_id, id) in (
      select organization_id, id from keys
      where rotation_due_at is null and revoked_at is null and retires_at is null
        and created_at < now() - interval '90 days' and (expires_at is null or expires_at > now())
      limit ${limit} for update skip locked)
    returning *`
  return rows.sort(byOrganization)
}

/** Marks active keys that expire within seven days and were not told of for that expiry. */
export async function markExpiring(tx: Queryable, limit: number) {
  const rows = await tx<KeyWithCounters[]>`
    with marked as (
      update keys set expiring_told_for = expires_at
      where (organization_id, id) in (
        select organization_id, id from keys
        where expires_at > now() and expires_at <= now() + interval '7 days'
          and revoked_at is null and retires_at is null and expiring_told_for is distinct from expires_at
        limit ${limit} for update skip locked)
      returning *)
    select marked.*, coalesce(request_count, 0)::float8 as request_count,
      coalesce(failed_attempts, 0)::float8 as failed_attempts, last_used_at, clock_timestamp() as now
    from marked left join key_counters
      on key_counters.organization_id = marked.organization_id and key_id = marked.id`
  return rows.sort(byOrganization)
}

function byOrganization(one: { organizationId: string }, other: { organizationId: string }): number {
  return one.organizationId < other.organizationId ? -1 : 1
}
