import { findMember, listOwners, type MemberRow } from '../../db/queries/members.ts'
import { lockOrganization } from '../../db/queries/organizations.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import type { WriteContext } from '../core/operation.ts'

type Holder = Pick<WriteContext, 'tx' | 'organizationId'>

/**
 * A member, locked with the organization: nobody joins, leaves or changes roles until the transaction ends.
 * @throws ApiError 404
 */
export async function holdMember({ tx, organizationId }: Holder, userId: string): Promise<MemberRow> {
  await lockOrganization(tx, organizationId)
  const [member] = await findMember(tx, organizationId, userId)
  if (!member) throw notFound('Member')
  return member
}

/**
 * Makes sure that an owner is left without this member. Call it with the organization locked.
 * @throws ApiError 409 where the member is the only owner
 */
export async function keepAnOwner({ tx, organizationId }: Holder, member: MemberRow): Promise<void> {
  if (member.role !== 'owner') return
  const owners = await listOwners(tx, organizationId)
  if (owners.length > 1) return
  throw new ApiError('CONFLICT', 'This is the last owner: make somebody else an owner first', {
    reason: 'last_owner',
  })
}
