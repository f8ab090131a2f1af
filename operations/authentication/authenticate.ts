import { hashPassword } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import { findUserByEmail, type UserRow } from '../../db/queries/accounts.ts'
import { holdPassword, updatePassword } from '../../db/queries/authentication.ts'
import type { LoginBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { checkSecondFactor, hasSecondFactor, useSecondFactor } from './codes.ts'
import type { Authentication } from './context.ts'
import { checkPassword, needsRehash } from './passwords.ts'
import type { LoginPlace } from './place.ts'
import type { Tried } from './throttle.ts'

/**
 * Proves who somebody is, by password and, where one is set up, second factor. An unknown e-mail address costs the same
 * work and gets the same answer as a wrong password. It hashes: call it in `prepare`.
 * @throws ApiError 401, 429
 */
export async function authenticate(
  services: Authentication,
  body: Pick<LoginBody, 'email' | 'password' | 'totp'>,
  place: LoginPlace,
): Promise<UserRow> {
  return proveSecondFactor(services, await provePassword(services, body, place), body)
}

/**
 * The first step of {@link authenticate}: the password alone.
 * @throws ApiError 401, 429
 */
export async function provePassword(
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

/**
 * The second step of {@link authenticate}: the second factor, where one is set up. A code is used up.
 * @throws ApiError 401, 429
 */
export async function proveSecondFactor(
  services: Authentication,
  user: UserRow,
  { password, totp }: Pick<LoginBody, 'password' | 'totp'>,
): Promise<UserRow> {
  await demandSecondFactor(services, user.id, totp, useSecondFactor)
  return rehashed(services, user, password)
}

/**
 * Checks the second factor, where one is set up, without using the code up: for a log-in that may still fail.
 * @throws ApiError 401, 429
 */
export function requireSecondFactor(
  services: Authentication,
  userId: string,
  code: string | undefined,
): Promise<void> {
  return demandSecondFactor(services, userId, code, checkSecondFactor)
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

// The cost was raised since the password was set. Only a log-in knows the password, so it makes the new hash.
async function rehashed(services: Authentication, user: UserRow, password: string): Promise<UserRow> {
  if (!needsRehash(services.config, user.passwordHash)) return user
  const passwordHash = await hashPassword(password, services.config.passwordBcryptCost)
  const [changed] = await updatePassword(services.database, user.id, user.passwordHash, passwordHash)
  if (changed) return { ...user, passwordHash }
  // Another log-in was faster, or the password has been changed.
  const [now] = await findUserByEmail(services.database, user.email)
  if (now && (await checkPassword(services.config, password, now.passwordHash))) return now
  throw changedMeanwhile()
}

/**
 * Makes sure, in the transaction that opens a session, that the password is still the one that was proved. The change of
 * a password ends all other sessions. It would not see this one, so this one must not open.
 * @throws ApiError 401
 */
export async function confirmStill(tx: Queryable, user: UserRow): Promise<void> {
  const [now] = await holdPassword(tx, user.id)
  if (now?.passwordHash !== user.passwordHash) throw changedMeanwhile()
}

function changedMeanwhile(): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid e-mail or password', { reason: 'password_changed_meanwhile' })
}
