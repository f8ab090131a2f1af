import { generateSecret, generateURI } from 'otplib'
import { seal } from '../../credentials/seal.ts'
import { insertTotp } from '../../db/queries/authentication.ts'
import { ApiError } from '../../schemas/errors.ts'
import { Confirmation, TotpSetup } from '../../schemas/sessions.ts'
import { sealedFor } from '../authentication/codes.ts'
import { confirmPerson } from '../authentication/confirm.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'

/** Begins to set an authenticator up: RFC 6238 with SHA-1, six digits and 30 seconds, which every app supports. */
export const beginTotp = writeOperation({
  name: 'secondFactor.begin',
  summary: 'Begin to set up a second factor',
  description:
    'The answer shows a secret, as text and as a URL for a QR code. Add it to an authenticator app, then send the ' +
    'first code to `POST /api/auth/totp/confirm`. Until then nothing changes.\n\n' +
    'If you logged in more than 15 minutes ago, send your `password` too.',
  access: 'user',
  beforeSecondFactor: true,
  scope: 'system',
  standing: 'person',
  input: Confirmation,
  output: TotpSetup,
  example: { password: 'correct horse battery staple' },
  prepare: ({ services, actor }, confirmation) =>
    confirmPerson(services, personOf(actor), confirmation, 'recent'),
  async run({ tx, services, actor }) {
    const { userId } = personOf(actor)
    const secret = generateSecret()
    const [kept] = await insertTotp(tx, userId, seal(services.encryptionKey, sealedFor(userId), secret))
    if (!kept) {
      throw new ApiError('CONFLICT', 'A second factor is set up already: remove it first', {
        reason: 'second_factor_set_up',
      })
    }
    const { name } = services.config.environment
    const issuer = name === 'production' ? 'Anteroom' : `Anteroom ${name}`
    return { secret, otpauthUrl: generateURI({ issuer, label: actor.user?.email ?? '', secret }) }
  },
})
