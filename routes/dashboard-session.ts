import type { FastifyReply, FastifyRequest } from 'fastify'
import { DEVICE_SECONDS, markDevice } from '../operations/authentication/known-device.ts'
import { placeOf } from '../operations/authentication/place.ts'
import type { PublicOperation } from '../operations/core/operation.ts'
import { acceptInvitationInDashboard } from '../operations/invitations/accept.ts'
import { endEarlierSession } from '../operations/sessions/end-earlier.ts'
import { logInToDashboard } from '../operations/sessions/log-in.ts'
import { logOutOfDashboard } from '../operations/sessions/log-out.ts'
import { SESSION_SECONDS } from '../operations/sessions/open.ts'
import { switchDashboard } from '../operations/sessions/switch.ts'
import { signUpToDashboard } from '../operations/sign-up/sign-up.ts'
import { originOf } from '../plugins/operations.ts'
import { refuseCrossSiteLogin } from '../plugins/session-cookie.ts'
import { type DashboardEntrance, DashboardSession } from '../schemas/sessions.ts'
import type { Api } from './api.ts'
import { countingSignups, noStore, tryingPassword, tryingSecret } from './attempts.ts'
import { rest } from './rest.ts'
import { clearCookie } from './sessions.ts'

type Counting = typeof tryingSecret

/** The dashboard's session: a cookie that no script reads. */
export async function dashboardSessionRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)
  enter('POST /session', logInToDashboard, tryingPassword)
  enter('POST /session/signup', signUpToDashboard, countingSignups)
  enter('POST /session/accept', acceptInvitationInDashboard, tryingSecret)
  rest(app, 'POST /session/switch', switchDashboard, {
    shows: DashboardSession,
    answered: (_request, reply, output) => setCookie(reply, output as DashboardEntrance),
  })
  rest(app, 'DELETE /session', logOutOfDashboard, {
    status: 204,
    answered: (request, reply) => clearCookie(app, request, reply),
  })

  function enter(route: string, operation: PublicOperation, counting: Counting): void {
    rest(app, route, operation, {
      status: 201,
      shows: DashboardSession,
      async around(request, run) {
        refuseCrossSiteLogin(app, request)
        return counting(app, request, run)
      },
      answered: (request, reply, output) => handOverCookie(request, reply, output as DashboardEntrance),
    })
  }

  /** Gives the browser the cookie of its new session. The session that it had before ends (ASVS 5.0, 7.2.4). */
  async function handOverCookie(
    request: FastifyRequest,
    reply: FastifyReply,
    entrance: DashboardEntrance,
  ): Promise<void> {
    const { cookies, encryptionKey, verifier } = app
    const earlier = cookies.read(request, 'session')
    const verdict = earlier ? await verifier.verifyToken(earlier, 'cookie') : null
    if (verdict?.principal) {
      const { user, sessionId } = verdict.principal
      await endEarlierSession(app, { userId: user.id, sessionId })
    }
    setCookie(reply, entrance)
    const { email } = entrance.user
    if (!placeOf(encryptionKey, originOf(request), email).known) {
      cookies.set(reply, 'device', markDevice(encryptionKey, email, Date.now()), DEVICE_SECONDS)
    }
  }

  function setCookie(reply: FastifyReply, { cookie }: DashboardEntrance): void {
    app.cookies.set(reply, 'session', cookie, SESSION_SECONDS.dashboard)
  }
}
