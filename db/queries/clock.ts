import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import { lockWebhooks } from './webhook-locks.ts'

/**
 * An organization's time within a statement, which asks for it once. Whatever decides about something that an
 * organization has goes by it: in the sandbox it may be ahead of the database's clock.
 */
export const timeOf = (tx: Queryable, organizationId: string) =>
  tx`(select organization_now(${organizationId}))`

/** The same where a statement reads rows of many organizations, and \`organizations\` is one of its tables. */
export const timeOfEach = (tx: Queryable) =>
  tx`(date_trunc('milliseconds', now()) + make_interval(secs => organizations.clock_offset_seconds))`

/** An organization's time, and how far it is ahead of the database's. */
export interface ClockRow {
  now: Date
  offsetSeconds: number
}

/** What time it is for an organization. */
export function findClock(tx: Queryable, organizationId: string) {
  return tx<ClockRow[]>`
    select organization_now(id) as now, clock_offset_seconds as offset_seconds
    from organizations where id = ${organizationId}`
}

/** Moves an organization's time ahead; no row where it would be more than so many seconds ahead. */
export function advanceClock(tx: Queryable, organizationId: string, seconds: number, most: number) {
  locking(tx, 'organization', organizationId)
  return tx`
    update organizations set clock_offset_seconds = clock_offset_seconds + ${seconds}
    where id = ${organizationId} and clock_offset_seconds + ${seconds} <= ${most} returning id`
}

/**
 * Sets an organization's time to the database's. What waits for a time that was ahead waits as long as it would have, and
 * what was kept until then is kept for its usual time from now on.
 */
export async function resetClock(tx: Queryable, organizationId: string): Promise<void> {
  locking(tx, 'organization', organizationId)
  await tx`select from organizations where id = ${organizationId} for no key update`
  await lockWebhooks(tx, organizationId, null)
  await tx`
    update deliveries set due_at = due_at - make_interval(secs => clock_offset_seconds)
    from organizations
    where organizations.id = ${organizationId} and organization_id = ${organizationId} and state = 'pending'`
  await tx`
    update webhooks set paused_until = paused_until - make_interval(secs => clock_offset_seconds),
      failing_since = least(failing_since, now()), warned_at = least(warned_at, now())
    from organizations
    where organizations.id = ${organizationId} and organization_id = ${organizationId} and clock_offset_seconds > 0`
  await tx`
    update idempotency_keys set created_at = now() where organization_id = ${organizationId} and created_at > now()`
  await tx`update organizations set clock_offset_seconds = 0 where id = ${organizationId}`
}
