import type { FastifyRequest } from 'fastify'
import { networkOf } from '../credentials/addresses.ts'
import { forgotPassword } from '../operations/password/forgot.ts'
import { resetPassword } from '../operations/password/reset.ts'
import { limited } from '../plugins/limits.ts'
import type { Api } from './api.ts'
import { noStore, tryingSecret } from './attempts.ts'
import { rest } from './rest.ts'

const HOUR_MS = 3_600_000
const MOST_AN_HOUR = 20

/** A new password for who has forgotten theirs. */
export async function passwordRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)
  const forgotten = app.createLimiter<FastifyRequest>({
    name: 'forgotten',
    max: Math.max(MOST_AN_HOUR, app.config.authFailuresPerMinute),
    windowMs: HOUR_MS,
    keyOf: ({ address }) => networkOf(address),
  })
  rest(app, 'POST /auth/password/forgot', forgotPassword, {
    status: 202,
    async around(request, run) {
      const outcome = await forgotten(request)
      if (outcome.isExceeded) throw limited(outcome, 'too_many_resets')
      return run()
    },
  })
  rest(app, 'POST /auth/password/reset', resetPassword, {
    status: 204,
    around: (request, run) => tryingSecret(app, request, run),
  })
}
