import type { Queryable } from '../connect.ts'
import { timeOfEach } from './clock.ts'
import type { KeyRow, KeyWithCounters } from './keys.ts'

/**
 * Marks active keys that are older than 90 days and were not told of: of one organization, or of all. Rows come by organization, so that those who
 * write to several audit logs in one transaction do it in one order.
 */
export async function markRotationDue(tx: Queryable, organizationId: string | null, limit: number) {
  const rows = await tx<KeyRow[]>`
    update keys set rotation_due_at = ${timeOfEach(tx)}
    from organizations
    where organizations.id = organization_id and (organization_id, keys.id) in (
      select organization_id, keys.id from keys join organizations on organizations.id = organization_id
      where rotation_due_at is null and revoked_at is null and retires_at is null
        and keys.created_at < ${timeOfEach(tx)} - interval '90 days'
        and (expires_at is null or expires_at > ${timeOfEach(tx)})
        and (${organizationId}::text is null or organization_id = ${organizationId})
      limit ${limit} for update of keys skip locked)
    returning keys.*`
  return rows.sort(byOrganization)
}

/** Marks active keys that expire within seven days and were not told of for that expiry. */
export async function markExpiring(tx: Queryable, organizationId: string | null, limit: number) {
  const rows = await tx<KeyWithCounters[]>`
    with marked as (
      update keys set expiring_told_for = expires_at
      from organizations
      where organizations.id = organization_id and (organization_id, keys.id) in (
        select organization_id, keys.id from keys join organizations on organizations.id = organization_id
        where expires_at > ${timeOfEach(tx)} and expires_at <= ${timeOfEach(tx)} + interval '7 days'
          and revoked_at is null and retires_at is null and expiring_told_for is distinct from expires_at
          and (${organizationId}::text is null or organization_id = ${organizationId})
        limit ${limit} for update of keys skip locked)
      returning keys.*, ${timeOfEach(tx)} as now)
    select marked.*, coalesce(request_count, 0)::float8 as request_count,
      coalesce(failed_attempts, 0)::float8 as failed_attempts, last_used_at
    from marked left join key_counters
      on key_counters.organization_id = marked.organization_id and key_id = marked.id`
  return rows.sort(byOrganization)
}

function byOrganization(one: { organizationId: string }, other: { organizationId: string }): number {
  return one.organizationId < other.organizationId ? -1 : 1
}
