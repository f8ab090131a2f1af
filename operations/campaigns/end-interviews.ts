import { findInterviewsOfArchived } from '../../db/queries/interviews.ts'
import type { Tenancy } from '../../db/tenant.ts'
import { abandonInterview } from '../interviews/progress.ts'

/**
 * Ends the interviews of an archived campaign that are under way, and their sessions. Called once the campaign's new
 * status is committed: no interview can begin any more then. Each is a transaction of its own, in which locks come in the
 * usual order (invite, interview, campaign); what a crash leaves is ended by the sweep.
 */
export async function endInterviewsOfArchived(
  tenancy: Tenancy,
  organizationId: string,
  campaignId: string,
): Promise<void> {
  const open = await tenancy.read(organizationId, (tx) =>
    findInterviewsOfArchived(tx, { organizationId, campaignId, limit: null }),
  )
  for (const { id } of open) {
    await tenancy.write(organizationId, (tx) => abandonInterview(tx, organizationId, id))
  }
}
