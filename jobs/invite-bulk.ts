import { workThroughBulk } from '../operations/invites/bulk-job.ts'
import type { Work } from './work.ts'

/** Works through a file of candidates to invite. */
export const inviteBulk: Work = async (context, { data }) => {
  await workThroughBulk(context, context.database, String(data.organizationId), String(data.bulkId))
}
