import Type from 'typebox'
import { generateCredential } from '../../credentials/format.ts'
import { seal, unseal } from '../../credentials/seal.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { JobData } from '../../db/jobs.ts'
import { findUserByEmail } from '../../db/queries/accounts.ts'
import { insertPasswordReset, sweepPasswordResets } from '../../db/queries/password-resets.ts'
import { ForgotBody } from '../../schemas/accounts.ts'
import { publicOperation } from '../core/operation.ts'
import type { Services } from '../core/services.ts'
import { passwordResetMail } from '../mail/account-messages.ts'

const MINUTES = 60
/** How many messages an account gets within an hour: whoever asks again and again in another's name fills no mailbox. */
const MOST_AN_HOUR = 3
const CONTEXT = 'password reset'

/**
 * Notes that somebody wants a new password. The worker looks up whether there is such an account: the request takes the
 * same work and time either way.
 */
export const forgotPassword = publicOperation({
  name: 'password.forgot',
  summary: 'Ask for a new password',
  description:
    'If there is an account with this address, a link comes by e-mail. It is valid for 60 minutes and can be used ' +
    'once. The answer is the same whether or not there is an account.',
  errors: [503],
  input: ForgotBody,
  output: Type.Object({ message: Type.String() }),
  example: { email: 'ada@example.com' },
  async prepare({ services }) {
    services.mailer.requireMail()
  },
  async run({ tx, services }, { email }) {
    const sealed = seal(services.encryptionKey, CONTEXT, email.toLowerCase()).toString('base64')
    await services.jobs.add(tx, 'password_reset', { sealed })
    return { message: 'A link is on its way, if there is an account with this address' }
  },
})

/** Sends the link to a new password where there is such an account; does nothing where there is none. */
export async function sendPasswordReset(
  services: Pick<Services, 'database' | 'mailer' | 'encryptionKey' | 'publicUrl'>,
  data: JobData,
): Promise<void> {
  const email = unseal(services.encryptionKey, CONTEXT, Buffer.from(String(data.sealed), 'base64'))
  await services.database.begin(async (tx) => {
    const [user] = await findUserByEmail(tx, email)
    if (!user) return
    await sweepPasswordResets(tx)
    const { text: token } = generateCredential('mt_')
    const [kept] = await insertPasswordReset(tx, user.id, sha256(token), MINUTES * 60, MOST_AN_HOUR)
    if (!kept) return
    const about = { publicUrl: services.publicUrl(), token, minutes: MINUTES }
    await services.mailer.send(tx, passwordResetMail(user.email, about))
  })
}
