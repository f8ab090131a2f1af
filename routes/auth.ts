import { logIn } from '../operations/sessions/log-in.ts'
import { refresh } from '../operations/sessions/refresh.ts'
import { signUp } from '../operations/sign-up/sign-up.ts'
import type { Api } from './api.ts'
import { countingSignups, noStore, tryingPassword, tryingSecret } from './attempts.ts'
import { rest } from './rest.ts'

/** The ways in for programs: sign up, log in, refresh. */
export async function authRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)
  rest(app, 'POST /auth/signup', signUp, {
    status: 201,
    around: (request, run) => countingSignups(app, request, run),
  })
  rest(app, 'POST /auth/login', logIn, { around: (request, run) => tryingPassword(app, request, run) })
  rest(app, 'POST /auth/refresh', refresh, { around: (request, run) => tryingSecret(app, request, run) })
}
