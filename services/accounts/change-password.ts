import { findUser, organizationNames, updatePassword } from '../../db/queries/authentication.ts'
import { ApiError } from '../../schemas/errors.ts'
import { confirmPassword, type Person } from './confirm.ts'
import type { Accounts } from './context.ts'
import { hashNewPassword } from './passwords.ts'
import { closeSessionsIn } from './sessions.ts'

/**
 * Changes the password of who is logged in. Every other session ends.
 * @returns the tags to settle
 * @throws ApiError 400 for a new password that breaks the rules, 401 for a wrong one, 409 where another change was faster
 */
export async function changePassword(
  accounts: Accounts,
  person: Person,
  currentPassword: string,
  newPassword: string,
): Promise<string[]> {
  const from = await confirmPassword(accounts, person, currentPassword)
  const words = await wordsOf(accounts, person.userId)
  const to = await hashNewPassword(accounts.config, 'body.newPassword', newPassword, words)
  return setPassword(accounts, person.userId, { from, to, except: person.sessionId })
}

/** What belongs to an account and must not be its password: e-mail address, name, names of organizations. */
export async function wordsOf(accounts: Accounts, userId: string): Promise<string[]> {
  const [user] = await findUser(accounts.database, userId)
  const organizations = await organizationNames(accounts.database, userId)
  return [user?.email ?? '', user?.name ?? '', ...organizations.map(({ name }) => name)]
}

/**
 * Sets a password's hash and ends the user's sessions, in one transaction.
 * @param change.from the hash that must still be the user's; null: whatever it is
 * @param change.except the session that stays, if any
 * @returns the tags to settle
 * @throws ApiError 409 where the hash is no longer that one
 */
export async function setPassword(
  accounts: Accounts,
  userId: string,
  change: { from: string | null; to: string; except: string | null },
): Promise<string[]> {
  return accounts.database
    .begin(async (tx) => {
      const [changed] = await updatePassword(tx, userId, change.from, change.to)
      if (!changed) throw new ApiError('CONFLICT', 'The password was changed by another request')
      return { tags: await closeSessionsIn(tx, accounts.config, userId, { except: change.except }) }
    })
    .then(({ tags }) => tags)
}
