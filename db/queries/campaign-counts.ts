import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'

/** What is counted of a campaign's invites. */
export type CampaignCount = 'invited' | 'started' | 'completed' | 'expired'

/** Adds to one of a campaign's counts, which stays locked until the transaction ends. */
export function addToCount(
  tx: Queryable,
  organizationId: string,
  campaignId: string,
  count: CampaignCount,
  by = 1,
) {
  locking(tx, 'campaign', organizationId)
  const column = tx(`${count}_count`)
  return tx`
    update campaigns set ${column} = ${column} + ${by}
    where organization_id = ${organizationId} and id = ${campaignId}`
}
