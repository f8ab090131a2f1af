import { withdrawInvitationsOf } from '../../db/queries/invitations.ts'
import { updateMemberRole } from '../../db/queries/members.ts'
import { Id } from '../../schemas/ids.ts'
import { Member, MemberPatch } from '../../schemas/members.ts'
import { Strict } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { authorityOf, requireAuthority, requireGift } from './authority.ts'
import { holdMember, keepAnOwner } from './hold.ts'
import { serializeMember } from './serialize.ts'

/** Gives a member another role. */
export const changeRole = writeOperation({
  name: 'members.update',
  summary: 'Give a member another role',
  description:
    'The member has the new role from their next request on. The invitations that they sent and that nobody has ' +
    'accepted yet are withdrawn.\n\n' +
    'You cannot give a role that allows more than your credential does, or change a member whose role is above ' +
    'yours. The last owner stays an owner.',
  access: 'members:write',
  ends: ({ userId }) => ({ members: [userId] }),
  errors: [409],
  input: Strict({ userId: Id('usr'), ...MemberPatch.properties }),
  output: Member,
  example: { role: 'owner' },
  async run(context, { userId, role }) {
    const { tx, organizationId, actor, audit, invalidate } = context
    const member = await holdMember(context, userId)
    const authority = await authorityOf(tx, actor)
    requireAuthority(authority, member.role, 'params.userId')
    requireGift(authority, actor, role, 'body.role', member.role)
    if (role !== member.role) {
      await keepAnOwner(context, member)
      await updateMemberRole(tx, organizationId, userId, role)
      // Whoever loses a right keeps no open invitation that was sent by that right.
      await withdrawInvitationsOf(tx, organizationId, userId)
      audit({
        action: 'member.changed',
        targetType: 'member',
        targetId: userId,
        changes: { role: { from: member.role, to: role } },
      })
    }
    // Also where nothing changed: the answer promises that no instance has another role cached.
    invalidate(`user:${userId}`)
    return serializeMember({ ...member, role })
  },
})
