import { randomCode } from '../../credentials/base62.ts'
import {
  findTotp,
  replaceRecoveryCodes,
  confirmTotp as storeConfirmation,
} from '../../db/queries/authentication.ts'
import { ApiError, badRequest } from '../../schemas/errors.ts'
import { RecoveryCodes, TotpConfirmBody } from '../../schemas/sessions.ts'
import { recoveryHash, stepOf } from '../authentication/codes.ts'
import type { Authentication } from '../authentication/context.ts'
import { personOf } from '../authentication/person.ts'
import { writeOperation } from '../core/operation.ts'
import { secondFactorAddedMail } from '../mail/security-messages.ts'
import { giveNotice } from '../person/notice.ts'
import { closeSessions } from '../sessions/close.ts'

const RECOVERY_CODES = 10
const RECOVERY_LENGTH = 24
const GROUP = /.{6}(?=.)/g

/** Ends the set-up with a first code. Sessions that remain, and those to come, have passed both factors. */
export const confirmTotp = writeOperation({
  name: 'secondFactor.confirm',
  summary: 'Set up the second factor with a first code',
  description:
    'Send the code that the authenticator app shows. From then on a log-in needs a code. Every other session of yours ' +
    'ends. The answer shows ten recovery codes, each for one log-in without the app. You cannot see them again: store ' +
    'them in a safe place.',
  access: 'user',
  beforeSecondFactor: true,
  scope: 'system',
  standing: 'person',
  input: TotpConfirmBody,
  output: RecoveryCodes,
  example: { code: '492039' },
  prepare: ({ services, actor }, { code }) => checkFirstCode(services, personOf(actor).userId, code),
  async run(context, _input, { secret, step }) {
    const { tx, actor, invalidate } = context
    const { userId, sessionId } = personOf(actor)
    const [confirmed] = await storeConfirmation(tx, userId, secret, step)
    if (!confirmed) throw nothingWaits()
    const recoveryCodes = Array.from({ length: RECOVERY_CODES }, () => randomCode(RECOVERY_LENGTH))
    await replaceRecoveryCodes(tx, userId, recoveryCodes.map(recoveryHash))
    await closeSessions(context, userId, { except: sessionId })
    await giveNotice(context, userId, 'user.totp_added', secondFactorAddedMail)
    invalidate(`user:${userId}`)
    return { recoveryCodes: recoveryCodes.map((text) => text.replace(GROUP, '$&-')) }
  },
})

/** @throws ApiError 400 for a wrong code, 409 where no authenticator waits for one, 429 */
async function checkFirstCode(
  services: Authentication,
  userId: string,
  code: string,
): Promise<{ secret: Buffer; step: number }> {
  const found = await services.loginThrottle.tryCode('totp', userId, async () => {
    const [row] = await findTotp(services.database, userId)
    if (!row || row.confirmedAt) throw nothingWaits()
    const step = await stepOf(services, userId, row.secret, code)
    return step === null
      ? { outcome: 'wrong', value: null }
      : { outcome: 'right', value: { secret: row.secret, step } }
  })
  if (!found) throw badRequest('body.code', 'is not the code that the app shows')
  return found
}

function nothingWaits(): ApiError {
  return new ApiError(
    'CONFLICT',
    'No second factor waits for its first code: begin with POST /api/auth/totp',
    { reason: 'second_factor_not_started' },
  )
}
