import { findUser, organizationNames, updatePassword } from '../../db/queries/authentication.ts'
import { PasswordChangeBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { confirmPassword } from '../authentication/confirm.ts'
import type { Authentication } from '../authentication/context.ts'
import { hashNewPassword } from '../authentication/passwords.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'
import { ownPasswordChangedMail } from '../mail/security-messages.ts'
import { giveNotice } from '../person/notice.ts'
import { closeSessions } from '../sessions/close.ts'

/** Changes the password of who is logged in. */
export const changePassword = writeOperation({
  name: 'password.change',
  summary: 'Change your password',
  description:
    'The new password has at least 8 characters, is not a common one, and is not made of your name, your e-mail ' +
    'address or the name of an organization of yours. Every other session of yours ends, and you are told by e-mail.',
  access: 'user',
  beforeSecondFactor: true,
  scope: 'system',
  standing: 'person',
  input: PasswordChangeBody,
  output: NoContent,
  example: { currentPassword: 'correct horse battery staple', newPassword: 'nine purple lamps hum softly' },
  async prepare({ services, actor }, { currentPassword, newPassword }) {
    const person = personOf(actor)
    const from = await confirmPassword(services, person, currentPassword)
    const words = await wordsOf(services, person.userId)
    return { from, to: await hashNewPassword(services.config, 'body.newPassword', newPassword, words) }
  },
  async run(context, _input, { from, to }) {
    const { userId, sessionId } = personOf(context.actor)
    const [changed] = await updatePassword(context.tx, userId, from, to)
    if (!changed) throw new ApiError('CONFLICT', 'The password was changed by another request')
    await closeSessions(context, userId, { except: sessionId })
    await giveNotice(context, userId, 'user.password_changed', ownPasswordChangedMail)
    return null
  },
})

// What must not be the password: e-mail address, name, names of organizations.
async function wordsOf({ database }: Authentication, userId: string): Promise<string[]> {
  const [user] = await findUser(database, userId)
  const organizations = await organizationNames(database, userId)
  return [user?.email ?? '', user?.name ?? '', ...organizations.map(({ name }) => name)]
}
