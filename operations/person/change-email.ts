import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { findUserByEmail } from '../../db/queries/accounts.ts'
import { findUser } from '../../db/queries/authentication.ts'
import { keepEmailChange } from '../../db/queries/email-changes.ts'
import { badRequest, notFound } from '../../schemas/errors.ts'
import { EmailChange, EmailChangeBody } from '../../schemas/me.ts'
import { confirmPassword } from '../authentication/confirm.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'
import { addressInUseMail, newAddressMail, oldAddressMail } from '../mail/account-messages.ts'

const HOURS = 24

/**
 * Begins a change of e-mail address. Nothing changes until both addresses have confirmed it: a thief with a session, and
 * even the password, does not take the account with it.
 */
export const changeEmail = writeOperation({
  name: 'me.changeEmail',
  summary: 'Begin to change your e-mail address',
  description:
    'Your old and your new address both get a link. The address changes when both were used to confirm it, within 24 hours. ' +
    'A new request replaces an earlier one.\n\n' +
    'The answer is the same whether or not the new address has an account. If it has one, its owner is told, and the ' +
    'change never completes.',
  access: 'user',
  scope: 'system',
  standing: 'person',
  errors: [503],
  input: EmailChangeBody,
  output: EmailChange,
  example: { email: 'ada.lovelace@example.com', password: 'correct horse battery staple' },
  async prepare({ services, actor }, { password }) {
    services.mailer.requireMail()
    await confirmPassword(services, personOf(actor), password)
  },
  async run({ tx, actor, services }, { email }) {
    const [user] = await findUser(tx, personOf(actor).userId)
    if (!user) throw notFound('User')
    const newEmail = email.toLowerCase()
    if (newEmail === user.email) throw badRequest('body.email', 'is the address that you have')
    const [owner] = await findUserByEmail(tx, newEmail)
    const tokens = { new: generateCredential('mt_').text, old: generateCredential('mt_').text }
    await keepEmailChange(tx, {
      userId: user.id,
      newEmail,
      newHash: sha256(tokens.new),
      oldHash: sha256(tokens.old),
      seconds: HOURS * 3600,
    })
    const about = { publicUrl: services.publicUrl(), hours: HOURS }
    await services.mailer.send(
      tx,
      owner ? addressInUseMail(newEmail, about) : newAddressMail(newEmail, { ...about, token: tokens.new }),
      user.id,
    )
    await services.mailer.send(tx, oldAddressMail(user.email, { ...about, token: tokens.old, newEmail }))
    return { email: user.email, pendingEmail: newEmail, confirmed: { current: false, new: false } }
  },
})
