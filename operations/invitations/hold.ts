import { type InvitationRow, lockInvitation } from '../../db/queries/invitations.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import type { WriteContext } from '../core/operation.ts'

/**
 * An invitation that nobody has accepted or withdrawn, locked until the transaction ends.
 * @throws ApiError 404; 409 where it was accepted or withdrawn
 */
export async function holdInvitation(
  { tx, organizationId }: WriteContext,
  id: string,
): Promise<InvitationRow> {
  const [invitation] = await lockInvitation(tx, organizationId, id)
  if (!invitation) throw notFound('Invitation')
  if (invitation.status === 'accepted' || invitation.status === 'withdrawn') {
    throw new ApiError('CONFLICT', `This invitation was ${invitation.status}`)
  }
  return invitation
}
