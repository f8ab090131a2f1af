import { hashPassword, verifyPassword } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import {
  findUserByEmail,
  listMemberships,
  type MembershipRow,
  type UserRow,
} from '../../db/queries/accounts.ts'
import { holdPassword, updatePassword } from '../../db/queries/authentication.ts'
import type { SessionOrigin } from '../../db/queries/sessions.ts'
import type { Login, LoginBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { checkSecondFactor, hasSecondFactor, useSecondFactor } from '../authentication/codes.ts'
import type { Authentication } from '../authentication/context.ts'
import { checkPassword, needsRehash } from '../authentication/passwords.ts'
import { noMember, openSession } from '../sessions/open.ts'
import { serializeMembership } from '../sessions/serialize.ts'
import type { Tried } from './throttle.ts'

/** Where a log-in comes from, and whether this device has logged in to the account before. */
export interface LoginPlace extends SessionOrigin {
  /** The client's network, or the known device. */
  readonly place: string
  readonly known: boolean
}

/** Someone who proved who they are. */
export interface Authenticated {
  readonly user: UserRow
  readonly password: string
}

/**
 * Logs in, for bearer tokens.
 * @throws ApiError 401; 403 where the user is no member of the organization that was named; 409 with the choice where
 *   none was named and there are several, once both factors are proved; 429
 */
export function logIn(services: Authentication, body: LoginBody, place: LoginPlace): Promise<Login> {
  return logInTo(
    services,
    body,
    place,
    async (tx, member) => (await openSession(tx, services.config, member, place)).login,
  )
}

/**
 * Logs in, for whatever kind of session `open` opens.
 * @throws as logIn
 */
export async function logInTo<T>(
  services: Authentication,
  body: LoginBody,
  place: LoginPlace,
  open: (tx: Queryable, member: MembershipRow) => Promise<T>,
): Promise<T> {
  const user = await provePassword(services, body, place)
  // The password alone must not tell which organizations there are. The code is checked first, and used up only once the
  // organization is chosen: it can be used once, and somebody who has to choose needs it for the next try.
  await demandSecondFactor(services, user.id, body.totp, checkSecondFactor)
  const member = chooseMembership(await listMemberships(services.database, user.id), body.organizationId)
  const who = await proveSecondFactor(services, user, body)
  return services.database
    .begin(async (tx) => {
      await confirmStill(tx, who)
      return { value: await open(tx, member) }
    })
    .then(({ value }) => value)
}

/**
 * Proves who someone is, by password and, where one is set up, second factor. An unknown e-mail address costs the same
 * work and gets the same answer as a wrong password.
 * @throws ApiError 401, 429
 */
export async function authenticate(
  services: Authentication,
  body: Pick<LoginBody, 'email' | 'password' | 'totp'>,
  place: LoginPlace,
): Promise<Authenticated> {
  return proveSecondFactor(services, await provePassword(services, body, place), body)
}

async function provePassword(
  services: Authentication,
  body: Pick<LoginBody, 'email' | 'password'>,
  place: LoginPlace,
): Promise<UserRow> {
  const email = body.email.toLowerCase()
  const attempt = { account: email, place: place.place, known: place.known }
  const found = await services.loginThrottle.tryPassword(
    attempt,
    async (): Promise<Tried<UserRow | null>> => {
      const [user] = await findUserByEmail(services.database, email)
      const right = await checkPassword(services.config, body.password, user?.passwordHash ?? null)
      return user && right ? { outcome: 'right', value: user } : { outcome: 'wrong', value: null }
    },
  )
  if (!found) throw new ApiError('UNAUTHORIZED', 'Invalid e-mail or password', { reason: 'wrong_password' })
  return found
}

async function proveSecondFactor(
  services: Authentication,
  user: UserRow,
  { password, totp }: Pick<LoginBody, 'password' | 'totp'>,
): Promise<Authenticated> {
  await demandSecondFactor(services, user.id, totp, useSecondFactor)
  return { user: await rehashed(services, user, password), password }
}

async function demandSecondFactor(
  services: Authentication,
  userId: string,
  code: string | undefined,
  accept: typeof useSecondFactor,
): Promise<void> {
  if (!(await hasSecondFactor(services.database, userId))) return
  if (code === undefined) {
    throw new ApiError('UNAUTHORIZED', 'Second factor required', {
      reason: 'second_factor_required',
      hint: 'Send the code that the authenticator app shows, or a recovery code, as totp',
    })
  }
  if (!(await accept(services, userId, code))) {
    throw new ApiError('UNAUTHORIZED', 'Invalid second factor', {
      reason: 'wrong_second_factor',
      hint: 'Each code can be used once: wait for the next one',
    })
  }
}

// The cost was raised since the password was set: this is the moment when it is known.
async function rehashed(services: Authentication, user: UserRow, password: string): Promise<UserRow> {
  if (!needsRehash(services.config, user.passwordHash)) return user
  const passwordHash = await hashPassword(password, services.config.passwordBcryptCost)
  await updatePassword(services.database, user.id, user.passwordHash, passwordHash)
  return { ...user, passwordHash }
}

/**
 * Makes sure, in the transaction that opens a session, that the password is still the one that was proved. One that was
 * changed since opens none: the change has ended all others already, and would not see this one. Another log-in's
 * rehash changes the hash as well, and not the password.
 * @throws ApiError 401
 */
export async function confirmStill(tx: Queryable, { user, password }: Authenticated): Promise<void> {
  const [now] = await holdPassword(tx, user.id)
  if (now?.passwordHash === user.passwordHash) return
  if (now && (await verifyPassword(password, now.passwordHash))) return
  throw new ApiError('UNAUTHORIZED', 'Invalid e-mail or password', { reason: 'password_changed_meanwhile' })
}

function chooseMembership(memberships: readonly MembershipRow[], organizationId?: string): MembershipRow {
  if (organizationId === undefined && memberships.length > 1) throw choice(memberships)
  const member = organizationId
    ? memberships.find((membership) => membership.organizationId === organizationId)
    : memberships[0]
  if (member) return member
  throw noMember()
}

// An error and no other kind of success: a program that knows one organization must not go on without a token.
function choice(memberships: readonly MembershipRow[]): ApiError {
  return new ApiError('CONFLICT', 'You belong to several organizations: name one as organizationId', {
    reason: 'organization_not_named',
    details: memberships.map(({ organizationId, organizationName }) => ({
      path: 'body.organizationId',
      message: `may be ${organizationId} (${organizationName})`,
    })),
    beside: { organizations: memberships.map(serializeMembership) },
  })
}
