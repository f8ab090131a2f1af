import { findUser } from '../../db/queries/authentication.ts'
import { findRecentAuthentication, noteAuthentication } from '../../db/queries/session-uses.ts'
import { ApiError } from '../../schemas/errors.ts'
import { hasSecondFactor, useSecondFactor } from './codes.ts'
import type { Authentication } from './context.ts'
import { checkPassword } from './passwords.ts'
import type { Person } from './person.ts'

/** What a logged-in user sends to confirm who they are. */
export interface Confirmation {
  readonly password?: string
  /** Of the authenticator, or a recovery code. */
  readonly code?: string
}

/**
 * Makes sure that the caller is still the person who logged in, before something that a stolen session must not do.
 * For `recent`, a log-in within the last quarter of an hour is enough. Otherwise it takes the password or a code.
 * `fresh` always takes one of them, and both where the log-in is older and a second factor is set up (ASVS 5.0, 7.5.1
 * and 7.5.2). It hashes: call it in `prepare`.
 * @throws ApiError 401 for a wrong password or code, 403 where one is missing, 429
 */
export async function confirmPerson(
  services: Authentication,
  person: Person,
  confirmation: Confirmation,
  want: 'recent' | 'fresh',
): Promise<void> {
  const [recent] = await findRecentAuthentication(services.database, person.userId, person.sessionId)
  const withCode = await hasSecondFactor(services.database, person.userId)
  const code = withCode ? confirmation.code : undefined
  if (confirmation.password !== undefined) await confirmPassword(services, person, confirmation.password)
  if (code !== undefined && !(await useSecondFactor(services, person.userId, code))) {
    throw new ApiError('UNAUTHORIZED', 'Invalid second factor', { reason: 'wrong_second_factor' })
  }
  const one = confirmation.password !== undefined || code !== undefined
  const all = confirmation.password !== undefined && (code !== undefined || !withCode)
  if (all) await noteAuthentication(services.database, person.userId, person.sessionId)
  if (all || (want === 'recent' ? recent || one : recent && one)) return
  throw new ApiError('FORBIDDEN', 'Confirm who you are', {
    reason: 'confirmation_missing',
    hint: withCode ? 'Send password and code in the body' : 'Send password in the body',
    details: [{ path: 'body.password', message: 'is required' }],
  })
}

/**
 * Checks the password of a logged-in user.
 * @returns its hash
 * @throws ApiError 401, 429
 */
export async function confirmPassword(
  services: Authentication,
  person: Person,
  password: string,
): Promise<string> {
  const [user] = await findUser(services.database, person.userId)
  if (!user) throw new ApiError('UNAUTHORIZED', 'Invalid password')
  const right = await services.loginThrottle.tryCode('confirm', person.userId, async () => {
    const value = await checkPassword(services.config, password, user.passwordHash)
    return { outcome: value ? 'right' : 'wrong', value }
  })
  if (!right) throw new ApiError('UNAUTHORIZED', 'Invalid password', { reason: 'wrong_password' })
  return user.passwordHash
}
