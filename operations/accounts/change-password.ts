import { announceChanges } from '../../db/changes.ts'
import { findUser, organizationNames, updatePassword } from '../../db/queries/authentication.ts'
import { ApiError } from '../../schemas/errors.ts'
import { ownPasswordChangedMail } from '../mail/security-messages.ts'
import { confirmPassword } from './confirm.ts'
import type { Accounts } from './context.ts'
import { hashNewPassword } from './passwords.ts'
import type { Person } from './person.ts'
import { giveNotice, type Notice } from './security-notice.ts'
import { requireSession } from './session-standing.ts'
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
  notice: Notice,
): Promise<string[]> {
  const from = await confirmPassword(accounts, person, currentPassword)
  const words = await wordsOf(accounts, person.userId)
  const to = await hashNewPassword(accounts.config, 'body.newPassword', newPassword, words)
  return accounts.database.begin(async (tx) => {
    const [changed] = await updatePassword(tx, person.userId, from, to)
    if (!changed) throw new ApiError('CONFLICT', 'The password was changed by another request')
    await requireSession(tx, person)
    const tags = await closeSessionsIn(tx, person.userId, { except: person.sessionId })
    await giveNotice(tx, notice, person.userId, 'user.password_changed', ownPasswordChangedMail)
    await announceChanges(tx, accounts.config.environment, tags)
    return tags
  }) as Promise<string[]>
}

// What must not be the password: e-mail address, name, names of organizations.
async function wordsOf(accounts: Accounts, userId: string): Promise<string[]> {
  const [user] = await findUser(accounts.database, userId)
  const organizations = await organizationNames(accounts.database, userId)
  return [user?.email ?? '', user?.name ?? '', ...organizations.map(({ name }) => name)]
}
