import { parseCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { listMemberships } from '../../db/queries/accounts.ts'
import { updatePassword } from '../../db/queries/authentication.ts'
import {
  deletePasswordResets,
  findPasswordReset,
  takePasswordReset,
} from '../../db/queries/password-resets.ts'
import { ResetBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { anonymousContext } from '../audit/audit.ts'
import { KeyedGate } from '../authentication/gate.ts'
import { hashNewPassword } from '../authentication/passwords.ts'
import { publicOperation } from '../core/operation.ts'
import { passwordChangedMail } from '../mail/account-messages.ts'
import { giveNotice } from '../person/notice.ts'
import { closeSessions } from '../sessions/close.ts'

// Of many requests with one token, one hashes at a time: a hash takes a quarter of a second.
const gate = new KeyedGate(1, 500)

/** Sets a new password with a token that was mailed. A second factor stays set up. */
export const resetPassword = publicOperation({
  name: 'password.reset',
  summary: 'Set a new password with the token of a mailed link',
  description:
    'Every session of yours ends, and so does every other link to a new password. A second factor stays set up. A ' +
    'password that breaks the rules leaves the token as it was.',
  errors: [401],
  input: ResetBody,
  output: NoContent,
  example: { token: 'mt_…', password: 'nine purple lamps hum softly' },
  async prepare({ services }, { token, password }) {
    if (parseCredential(token)?.kind !== 'mailedToken') throw invalidToken()
    const tokenHash = sha256(token)
    return gate.through(tokenHash.toString('hex'), async () => {
      const [user] = await findPasswordReset(services.database, tokenHash)
      if (!user) throw invalidToken()
      const memberships = await listMemberships(services.database, user.id)
      const words = [user.email, user.name, ...memberships.map(({ organizationName }) => organizationName)]
      const passwordHash = await hashNewPassword(services.config, 'body.password', password, words)
      return { userId: user.id, tokenHash, passwordHash }
    })
  },
  async run(context, _input, { userId, tokenHash, passwordHash }) {
    const { tx, services, origin } = context
    await updatePassword(tx, userId, null, passwordHash)
    const [taken] = await takePasswordReset(tx, userId, tokenHash)
    if (!taken) throw invalidToken()
    await deletePasswordResets(tx, userId)
    await closeSessions(context, userId, { except: null })
    const auditContext = anonymousContext(origin, services.auditKey, userId)
    await giveNotice({ ...context, auditContext }, userId, 'user.password_changed', passwordChangedMail)
    return null
  },
})

function invalidToken(): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid token', {
    reason: 'mailed_token_refused',
    hint: 'A link can be used once, for a limited time: ask for another one',
  })
}
