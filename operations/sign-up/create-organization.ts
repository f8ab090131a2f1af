import {
  insertMembership,
  insertOrganization,
  insertUser,
  type MembershipRow,
} from '../../db/queries/accounts.ts'
import type { SignupBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { type AuditContext, ORGANIZATION_CREATED } from '../audit/audit.ts'
import type { ChangeContext } from '../core/change.ts'

/**
 * Creates an organization with its owner and the first record of its audit log.
 * @param context of a change in system scope
 * @param contextOf who acts, for the new organization and its owner
 * @throws ApiError 409 where the e-mail address belongs to a user already
 */
export async function createOrganization(
  { tx, audit }: Pick<ChangeContext, 'tx' | 'audit'>,
  body: Omit<SignupBody, 'password'> & { passwordHash: string },
  contextOf: (organizationId: string, userId: string) => AuditContext,
): Promise<MembershipRow> {
  const [user] = await insertUser(tx, {
    id: newId('usr'),
    email: body.email.toLowerCase(),
    name: body.name,
    passwordHash: body.passwordHash,
  })
  if (!user) {
    throw new ApiError('CONFLICT', 'A user with this e-mail address exists already: log in', {
      reason: 'email_taken',
    })
  }
  const [organization] = await insertOrganization(tx, newId('org'), body.organizationName)
  if (!organization) throw new Error('the organization was not written')
  await insertMembership(tx, organization.id, user.id, 'owner')
  audit(
    {
      action: ORGANIZATION_CREATED,
      targetType: 'organization',
      targetId: organization.id,
      changes: { owner: user.id },
    },
    contextOf(organization.id, user.id),
  )
  return {
    organizationId: organization.id,
    organizationName: organization.name,
    organizationPlan: organization.plan,
    userId: user.id,
    email: user.email,
    userName: user.name,
    role: 'owner',
  }
}
