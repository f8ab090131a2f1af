import { parseCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import {
  confirmEmailChange,
  deleteEmailChange,
  findEmailChange,
  updateEmail,
} from '../../db/queries/email-changes.ts'
import { deletePasswordResets } from '../../db/queries/password-resets.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import { ApiError } from '../../schemas/errors.ts'
import { EmailChange, EmailConfirmBody } from '../../schemas/me.ts'
import { anonymousContext } from '../audit/audit.ts'
import { publicOperation } from '../core/operation.ts'
import { addressChangedMail } from '../mail/account-messages.ts'
import { auditEverywhere } from './notice.ts'

/** Takes the consent of one address. With the second one the address is changed. */
export const confirmEmail = publicOperation({
  name: 'me.confirmEmail',
  summary: 'Confirm a change of e-mail address',
  description:
    'Confirms the change for one of the two addresses, with the token of the link that was sent to it. With the second ' +
    'one the address changes. `confirmed` tells which addresses have confirmed so far.',
  errors: [401, 409],
  input: EmailConfirmBody,
  output: EmailChange,
  example: { token: 'mt_…' },
  async run(context, { token }) {
    const { tx, services, origin, invalidate } = context
    if (parseCredential(token)?.kind !== 'mailedToken') throw invalidToken()
    const hash = sha256(token)
    const [found] = await findEmailChange(tx, hash)
    const [user] = found ? await lockUser(tx, found.userId) : []
    const [row] = user ? await confirmEmailChange(tx, user.id, hash) : []
    if (!row || !user) throw invalidToken()
    const { newEmail } = row
    const confirmed = { current: row.oldConfirmedAt !== null, new: row.newConfirmedAt !== null }
    if (!confirmed.current || !confirmed.new) return { email: user.email, pendingEmail: newEmail, confirmed }
    const [changed] = await updateEmail(tx, user.id, newEmail)
    if (!changed) {
      throw new ApiError('CONFLICT', 'A user with this e-mail address exists already', {
        reason: 'email_taken',
      })
    }
    await deleteEmailChange(tx, user.id)
    // A link to a new password that waits in the old mailbox does not belong to the new address.
    await deletePasswordResets(tx, user.id)
    if (services.mailer.possible) await services.mailer.send(tx, addressChangedMail(user.email, { newEmail }))
    const auditContext = anonymousContext(origin, services.auditKey, user.id)
    await auditEverywhere({ ...context, auditContext }, user.id, 'user.email_changed')
    invalidate(`user:${user.id}`)
    return { email: newEmail, pendingEmail: null, confirmed }
  },
})

function invalidToken(): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid token', {
    reason: 'mailed_token_refused',
    hint: 'A link is valid for a limited time: ask for another one',
  })
}
