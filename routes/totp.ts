import type { FastifyRequest } from 'fastify'
import { beginTotp } from '../operations/second-factor/begin.ts'
import { confirmTotp } from '../operations/second-factor/confirm.ts'
import { removeTotp } from '../operations/second-factor/remove.ts'
import type { Api } from './api.ts'
import { noStore, tryingSecret } from './attempts.ts'
import { rest } from './rest.ts'

/** The second factor: an authenticator app, and recovery codes for who loses it. */
export async function totpRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)
  const around = <T>(request: FastifyRequest, run: () => Promise<T>) => tryingSecret(app, request, run)
  rest(app, 'POST /auth/totp', beginTotp, { status: 201, around })
  rest(app, 'POST /auth/totp/confirm', confirmTotp)
  rest(app, 'DELETE /auth/totp', removeTotp, { status: 204, around })
}
