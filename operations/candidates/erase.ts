import {
  deleteAnswersAndFilesOf,
  eraseBulkEmail,
  eraseCandidateRow,
  lockInterviewsOf,
  lockInvitesOf,
} from '../../db/queries/candidate-erasure.ts'
import { findCandidate, lockCandidate } from '../../db/queries/candidates.ts'
import { setInviteStatus } from '../../db/queries/invites.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { notFound } from '../../schemas/errors.ts'
import { type AuditContext, audit } from '../audit/audit.ts'
import { emit } from '../events/emit.ts'
import { abandonInterview } from '../interviews/progress.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { presentInvite } from '../invites/present.ts'

/**
 * Erases a candidate: name, addresses, answers and files go; an open invite is cancelled and an interview under way is
 * abandoned. What stays are the ids and states of invites and interviews, so that the campaigns' counts stay right.
 * Locks come in the order of the rest: files of invites, candidate, invites, interviews, campaign. Bytes are removed after the commit.
 * @throws ApiError 404 where the organization has no such candidate
 */
export async function eraseCandidate(
  tx: TenantTransaction,
  context: AuditContext,
  id: string,
  publicUrl: string,
): Promise<void> {
  const { organizationId } = context
  const [found] = await findCandidate(tx, organizationId, id)
  if (found) await eraseBulkEmail(tx, organizationId, found.email)
  const [candidate] = await lockCandidate(tx, organizationId, id)
  if (!candidate) throw notFound('Candidate')
  const invites = await lockInvitesOf(tx, organizationId, id)
  const interviews = await lockInterviewsOf(tx, organizationId, id)
  for (const invite of invites) await endInvite(tx, organizationId, invite.id, publicUrl)
  for (const interview of interviews) await abandonInterview(tx, organizationId, interview.id)
  const deleted = await deleteAnswersAndFilesOf(tx, organizationId, id)
  await eraseCandidateRow(tx, organizationId, id)
  await audit(tx, context, {
    action: 'candidate.erased',
    targetType: 'candidate',
    targetId: id,
    changes: { deleted },
  })
}

async function endInvite(tx: TenantTransaction, organizationId: string, id: string, publicUrl: string) {
  const invite = await lockSettledInvite(tx, organizationId, id, publicUrl)
  if (invite?.status !== 'pending') return
  await setInviteStatus(tx, organizationId, id, 'cancelled')
  await emit(
    tx,
    organizationId,
    'invite.cancelled',
    presentInvite({ ...invite, status: 'cancelled' }, publicUrl),
  )
}
