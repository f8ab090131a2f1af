import type { Queryable } from '../../db/connect.ts'
import { findClock } from '../../db/queries/clock.ts'

/** What time it is for an organization. In the sandbox it may be ahead of the database's clock. */
export async function organizationTime(tx: Queryable, organizationId: string): Promise<Date> {
  const [clock] = await findClock(tx, organizationId)
  if (!clock) throw new Error('the organization is gone')
  return clock.now
}
