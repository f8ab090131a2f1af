import type { InvitationRow } from '../../db/queries/invitations.ts'
import type { Invitation } from '../../schemas/members.ts'

/** An invitation as the API shows it. */
export function serializeInvitation(row: InvitationRow): Invitation {
  const { id, email, role, status, invitedBy, createdAt, expiresAt, acceptedAt } = row
  return { id, email, role, status, invitedBy, createdAt, expiresAt, acceptedAt }
}
