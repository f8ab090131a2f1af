import Type from 'typebox'
import { allows } from '../../schemas/access.ts'
import { Id } from '../../schemas/ids.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { needsScope } from '../core/access.ts'
import { writeOperation } from '../core/operation.ts'
import { authorityOf, requireAuthority } from './authority.ts'
import { holdMember, keepAnOwner } from './hold.ts'
import { takeOut } from './take-out.ts'

/** Takes a member out, or lets them leave. */
export const removeMember = writeOperation({
  name: 'members.remove',
  summary: 'Remove a member, or leave',
  description:
    'Removing somebody else needs `members:write`. Everyone may remove themselves. The sessions of the removed person ' +
    'end in this organization, and their open invitations are withdrawn. Their API keys stay, are marked with ' +
    '`creatorLeftAt`, and the owners are told.',
  // Leaving needs no scope. For somebody else's membership the scope is checked below.
  access: 'authenticated',
  ends: ({ userId }) => ({ members: [userId], keysOf: userId }),
  errors: [409],
  input: Type.Object({ userId: Id('usr') }),
  output: NoContent,
  async run(context, { userId }) {
    const { tx, organizationId, actor, services, audit, invalidate } = context
    const leaves = actor.user?.id === userId && actor.type !== 'oauth'
    if (!leaves && !allows(actor.scopes, 'members:write')) throw needsScope('members:write')
    const member = await holdMember(context, userId)
    if (!leaves) requireAuthority(await authorityOf(tx, actor), member.role, 'params.userId')
    await keepAnOwner(context, member)
    await takeOut(services, tx, organizationId, member)
    audit({
      action: leaves ? 'member.left' : 'member.removed',
      targetType: 'member',
      targetId: userId,
      changes: { role: { from: member.role, to: null } },
    })
    invalidate(`user:${userId}`)
    return null
  },
})
