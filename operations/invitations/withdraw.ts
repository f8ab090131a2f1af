import Type from 'typebox'
import { withdrawInvitation as storeWithdrawal } from '../../db/queries/invitations.ts'
import { Id } from '../../schemas/ids.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { authorityOf, requireAuthority } from '../members/authority.ts'
import { holdInvitation } from './hold.ts'

/** Withdraws an invitation. */
export const withdrawInvitation = writeOperation({
  name: 'invitations.withdraw',
  summary: 'Withdraw an invitation',
  description: 'The link of the invitation stops working. It stays in the list as `withdrawn`.',
  access: 'members:write',
  errors: [409],
  input: Type.Object({ id: Id('minv') }),
  output: NoContent,
  async run(context, { id }) {
    const { tx, organizationId, actor, audit } = context
    const invitation = await holdInvitation(context, id)
    requireAuthority(await authorityOf(tx, actor), invitation.role, 'params.id')
    await storeWithdrawal(tx, organizationId, id)
    audit({ action: 'member.invitation_withdrawn', targetType: 'invitation', targetId: id })
    return null
  },
})
