import { workThroughBulk } from '../operations/invite-bulks/work.ts'
import type { Work } from './work.ts'

/** Works through a file of candidates to invite. */
export const inviteBulk: Work = async (context, { data }) => {
  await workThroughBulk(context, String(data.organizationId), String(data.bulkId))
}
