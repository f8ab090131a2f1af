import { findUser } from '../../db/queries/authentication.ts'
import { findRecentAuthentication, noteAuthentication } from '../../db/queries/session-uses.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Accounts } from './context.ts'
import { checkPassword } from './passwords.ts'
import type { Person } from './person.ts'
import { hasSecondFactor, useSecondFactor } from './second-factor.ts'

/** What someone shows, while logged in, to confirm who they are. */
export interface Confirmation {
  readonly password?: string
  /** Of the authenticator, or a recovery code. */
  readonly code?: string
}

/**
 * Makes sure that it is still the person who logged in, before something that a stolen session must not do.
 * A log-in within the last quarter of an hour is enough for `recent`; else the password, or a code. `fresh` wants one
 * of them in any case, and both where the log-in is older and a second factor is set up (ASVS 5.0, 7.5.1 and 7.5.2).
 * @throws ApiError 401 for a wrong password or code, 403 where one is missing, 429
 */
export async function confirmPerson(
  accounts: Accounts,
  person: Person,
  shown: Confirmation,
  want: 'recent' | 'fresh',
): Promise<void> {
  const [recent] = await findRecentAuthentication(accounts.database, person.userId, person.sessionId)
  const withCode = await hasSecondFactor(accounts.database, person.userId)
  const code = withCode ? shown.code : undefined
  if (shown.password !== undefined) await confirmPassword(accounts, person, shown.password)
  if (code !== undefined && !(await useSecondFactor(accounts, person.userId, code))) {
    throw new ApiError('UNAUTHORIZED', 'Invalid second factor', { reason: 'wrong_second_factor' })
  }
  const one = shown.password !== undefined || code !== undefined
  const all = shown.password !== undefined && (code !== undefined || !withCode)
  if (all) await noteAuthentication(accounts.database, person.userId, person.sessionId)
  if (all || (want === 'recent' ? recent || one : recent && one)) return
  throw new ApiError('FORBIDDEN', 'Confirm who you are', {
    reason: 'confirmation_missing',
    hint: withCode ? 'Send password and code in the body' : 'Send password in the body',
    details: [{ path: 'body.password', message: 'is required' }],
  })
}

/**
 * The password of who is logged in.
 * @returns its hash
 * @throws ApiError 401, 429
 */
export async function confirmPassword(accounts: Accounts, person: Person, password: string): Promise<string> {
  const [user] = await findUser(accounts.database, person.userId)
  if (!user) throw new ApiError('UNAUTHORIZED', 'Invalid password')
  const right = await accounts.throttle.tryCode('confirm', person.userId, async () => {
    const value = await checkPassword(accounts.config, password, user.passwordHash)
    return { outcome: value ? 'right' : 'wrong', value }
  })
  if (!right) throw new ApiError('UNAUTHORIZED', 'Invalid password', { reason: 'wrong_password' })
  return user.passwordHash
}
