import type { Queryable } from '../../db/connect.ts'
import { findSilentInterviews } from '../../db/queries/interviews.ts'
import { findDueInvites } from '../../db/queries/invites.ts'
import { forgetOldRecordings } from '../../db/queries/recording-retention.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { lockSettledInterview } from './progress.ts'

/**
 * Writes down every expiry of an organization that nobody has written down yet, with its event, and deletes recordings for
 * which the time is over; their bytes are removed after the commit.
 */
export async function sweepExpiries(tx: Queryable, organizationId: string, publicUrl: string): Promise<void> {
  for (const { id } of await findDueInvites(tx, organizationId, null)) {
    await lockSettledInvite(tx, organizationId, id, publicUrl)
  }
  for (const { id } of await findSilentInterviews(tx, organizationId, null)) {
    await lockSettledInterview(tx, organizationId, id)
  }
  await forgetOldRecordings(tx, organizationId)
}
