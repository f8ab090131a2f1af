import type { Config } from '../../config/config.ts'
import { hashPassword, verifyPassword } from '../../credentials/secret.ts'
import type { Database, Queryable } from '../../db/connect.ts'
import {
  findUserByEmail,
  insertMembership,
  insertOrganization,
  insertUser,
  listMemberships,
  type MembershipRow,
} from '../../db/queries/accounts.ts'
import type { SessionOrigin } from '../../db/queries/sessions.ts'
import type { Login, LoginBody, SignupBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { openSession, type SessionSettings } from './sessions.ts'

/** What account services need to know of the process. */
export type AccountSettings = SessionSettings & Pick<Config, 'passwordBcryptCost'>

/**
 * Makes an organization with its owner, in the transaction that is handed in.
 * @throws ApiError 409 where the e-mail address belongs to a user already
 */
export async function createOrganization(
  tx: Queryable,
  body: Omit<SignupBody, 'password'> & { passwordHash: string },
): Promise<MembershipRow> {
  const [user] = await insertUser(tx, {
    id: newId('usr'),
    email: body.email.toLowerCase(),
    name: body.name,
    passwordHash: body.passwordHash,
  })
  if (!user) throw new ApiError('CONFLICT', 'A user with this e-mail address exists already: log in')
  const [organization] = await insertOrganization(tx, newId('org'), body.organizationName)
  if (!organization) throw new Error('the organization was not written')
  await insertMembership(tx, organization.id, user.id, 'owner')
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
 * @throws ApiError 409 where the e-mail address belongs to a user already
 */
export async function signUp(
  db: Database,
  settings: AccountSettings,
  body: SignupBody,
  origin: SessionOrigin,
): Promise<Login> {
  const passwordHash = await hashPassword(body.password, settings.passwordBcryptCost)
  return db.begin(async (tx) => {
    const member = await createOrganization(tx, { ...body, passwordHash })
    return openSession(tx, settings, member, origin)
  }) as Promise<Login>
}

/**
 * Logs in. An unknown e-mail address costs the same hash and gets the same answer as a wrong password.
 * @throws ApiError 401; 403 where the user is no member of the organization that was named
 */
export async function logIn(
  db: Database,
  settings: AccountSettings,
  body: LoginBody,
  origin: SessionOrigin,
): Promise<Login> {
  const [user] = await findUserByEmail(db, body.email.toLowerCase())
  const right = await verifyPassword(
    body.password,
    user?.passwordHash ?? (await decoyHash(settings.passwordBcryptCost)),
  )
  if (!user || !right)
    throw new ApiError('UNAUTHORIZED', 'Invalid e-mail or password', { reason: 'wrong_password' })
  const memberships = await listMemberships(db, user.id)
  const member = body.organizationId
    ? memberships.find((membership) => membership.organizationId === body.organizationId)
    : memberships[0]
  if (!member)
    throw new ApiError('FORBIDDEN', 'You are no member of this organization', { reason: 'no_member' })
  return db.begin((tx) => openSession(tx, settings, member, origin)) as Promise<Login>
}

const decoys = new Map<number, Promise<string>>()

// Made once for a cost: a comparison with it takes as long as one with a user's hash.
function decoyHash(cost: number): Promise<string> {
  const decoy = decoys.get(cost) ?? hashPassword('no user has this password', cost)
  decoys.set(cost, decoy)
  return decoy
}
