import type { Config } from '../../config/config.ts'
import type { Database, Queryable } from '../../db/connect.ts'
import {
  insertMembership,
  insertOrganization,
  insertUser,
  type MembershipRow,
} from '../../db/queries/accounts.ts'
import type { SignupBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { type AuditContext, audit, ORGANIZATION_CREATED } from '../audit/audit.ts'
import { hashNewPassword } from '../authentication/passwords.ts'

/**
 * Creates an organization with its owner and the first record of its audit log, in the transaction that is handed in.
 * @param contextOf who acts, for the new organization and its owner
 * @throws ApiError 409 where the e-mail address belongs to a user already
 */
export async function createOrganization(
  tx: Queryable,
  body: Omit<SignupBody, 'password'> & { passwordHash: string },
  contextOf: (organizationId: string, userId: string) => AuditContext,
): Promise<MembershipRow> {
  const [user] = await insertUser(tx, {
    id: newId('usr'),
    email: body.email.toLowerCase(),
    name: body.name,
    passwordHash: body.passwordHash,
  })
  if (!user)
    throw new ApiError('CONFLICT', 'A user with this e-mail address exists already: log in', {
      reason: 'email_taken',
    })
  const [organization] = await insertOrganization(tx, newId('org'), body.organizationName)
  if (!organization) throw new Error('the organization was not written')
  await insertMembership(tx, organization.id, user.id, 'owner')
  await audit(tx, contextOf(organization.id, user.id), {
    action: ORGANIZATION_CREATED,
    targetType: 'organization',
    targetId: organization.id,
    changes: { owner: user.id },
  })
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

/**
 * Signs up: organization, owner and first session, in one transaction.
 * @param open opens the session, of whatever kind
 * @throws ApiError 400 for a password that breaks the rules; 409 where the e-mail address belongs to a user already
 */
export async function signUp<T>(
  db: Database,
  settings: Pick<Config, 'passwordBcryptCost'>,
  body: SignupBody,
  contextOf: (organizationId: string, userId: string) => AuditContext,
  open: (tx: Queryable, member: MembershipRow) => Promise<T>,
): Promise<T> {
  const words = [body.email, body.name, body.organizationName]
  const passwordHash = await hashNewPassword(settings, 'body.password', body.password, words)
  const { value } = await db.begin(async (tx) => {
    const member = await createOrganization(tx, { ...body, passwordHash }, contextOf)
    return { value: await open(tx, member) }
  })
  return value
}
