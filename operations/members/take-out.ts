import type { Queryable } from '../../db/connect.ts'
import { withdrawInvitationsOf } from '../../db/queries/invitations.ts'
import { deleteMember, listOwners, type MemberRow, markKeysOf } from '../../db/queries/members.ts'
import { findOrganization } from '../../db/queries/organizations.ts'
import type { Services } from '../core/services.ts'
import { keysLeftBehindMail } from '../mail/member-messages.ts'

/**
 * Ends a membership: what removal and erasure have in common. Keys that the member created stay and are marked, and the
 * owners are told. The caller has locked the organization, has made sure that an owner is left, and invalidates the user.
 */
export async function takeOut(
  services: Pick<Services, 'mailer' | 'publicUrl'>,
  tx: Queryable,
  organizationId: string,
  member: MemberRow,
): Promise<void> {
  const [organization] = await findOrganization(tx, organizationId)
  await deleteMember(tx, organizationId, member.id)
  const keys = await markKeysOf(tx, organizationId, member.id)
  await withdrawInvitationsOf(tx, organizationId, member.id)
  if (keys.length === 0 || !services.mailer.possible) return
  const about = {
    organizationName: organization?.name ?? '',
    member: member.name,
    keys,
    publicUrl: services.publicUrl(),
  }
  for (const owner of await listOwners(tx, organizationId)) {
    await services.mailer.send(tx, keysLeftBehindMail(owner.email, about))
  }
}
