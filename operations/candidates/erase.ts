import Type from 'typebox'
import {
  deleteAnswersAndFilesOf,
  eraseBulkEmail,
  eraseCandidateRow,
  lockInterviewsOf,
  lockInvitesOf,
} from '../../db/queries/candidate-erasure.ts'
import { findCandidate, lockCandidate } from '../../db/queries/candidates.ts'
import { setInviteStatus } from '../../db/queries/invites.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { removeBytesSoon } from '../files/remove.ts'
import { abandonInterview } from '../interviews/progress.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { serializeInvite } from '../invites/serialize.ts'

/**
 * Erases a candidate. Locks come in the order of the rest: files of invites, candidate, invites, interviews, campaign.
 * The bytes of files are removed after the commit.
 */
export const eraseCandidate = writeOperation({
  name: 'candidates.erase',
  summary: 'Erase a candidate',
  description:
    'Erases name, addresses, answers and files. An open invite is cancelled, and an interview under way ends. The ids ' +
    'and states of invites and interviews stay, so that the counts of campaigns stay right. You cannot undo it.',
  access: 'candidates:write',
  input: Type.Object({ id: Id('cnd') }),
  output: NoContent,
  async run(context, { id }) {
    const { tx, organizationId, services, audit, afterCommit } = context
    const [found] = await findCandidate(tx, organizationId, id)
    if (found) await eraseBulkEmail(tx, organizationId, found.email)
    const [candidate] = await lockCandidate(tx, organizationId, id)
    if (!candidate) throw notFound('Candidate')
    const invites = await lockInvitesOf(tx, organizationId, id)
    const interviews = await lockInterviewsOf(tx, organizationId, id)
    for (const invite of invites) await endInvite(context, invite.id)
    for (const interview of interviews) await abandonInterview(tx, organizationId, interview.id)
    const deleted = await deleteAnswersAndFilesOf(tx, organizationId, id)
    await eraseCandidateRow(tx, organizationId, id)
    audit({ action: 'candidate.erased', targetType: 'candidate', targetId: id, changes: { deleted } })
    afterCommit(() => removeBytesSoon(services.files))
    return null
  },
})

async function endInvite({ tx, organizationId, services, emit }: WriteContext, id: string): Promise<void> {
  const publicUrl = services.publicUrl()
  const invite = await lockSettledInvite(tx, organizationId, id, publicUrl)
  if (invite?.status !== 'pending') return
  await setInviteStatus(tx, organizationId, id, 'cancelled')
  emit('invite.cancelled', serializeInvite({ ...invite, status: 'cancelled' }, publicUrl))
}
