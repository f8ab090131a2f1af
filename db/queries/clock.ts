import type { Queryable } from '../connect.ts'

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
  return tx`
    update organizations set clock_offset_seconds = clock_offset_seconds + ${seconds}
    where id = ${organizationId} and clock_offset_seconds + ${seconds} <= ${most} returning id`
}

/** Sets an organization's time to the database's. */
export function resetClock(tx: Queryable, organizationId: string) {
  return tx`update organizations set clock_offset_seconds = 0 where id = ${organizationId}`
}
