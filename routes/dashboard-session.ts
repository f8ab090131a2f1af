import type { FastifyReply, FastifyRequest } from 'fastify'
import { DEVICE_SECONDS, markDevice } from '../operations/accounts/known-device.ts'
import { logInTo } from '../operations/accounts/log-in.ts'
import { endEarlierSession } from '../operations/sessions/end-earlier.ts'
import { logOutOfDashboard } from '../operations/sessions/log-out.ts'
import { openDashboardSession, SESSION_SECONDS } from '../operations/sessions/open.ts'
import { refuseCrossSiteLogin } from '../plugins/session-cookie.ts'
import { LoginBody, OrganizationChoice } from '../schemas/accounts.ts'
import { type DashboardEntrance, DashboardSession } from '../schemas/sessions.ts'
import { type Api, answers } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'
import { rest } from './rest.ts'
import { clearCookie } from './sessions.ts'

/** Gives the browser the cookie of its new session. The session that it had before ends (ASVS 5.0, 7.2.4). */
export async function handOverCookie(
  app: Api,
  request: FastifyRequest,
  reply: FastifyReply,
  { cookie, user }: DashboardEntrance,
): Promise<void> {
  const { cookies, encryptionKey, verifier } = app
  const earlier = cookies.read(request, 'session')
  const verdict = earlier ? await verifier.verifyToken(earlier, 'cookie') : null
  if (verdict?.principal) {
    const { user: before, sessionId } = verdict.principal
    await endEarlierSession(app, { userId: before.id, sessionId })
  }
  cookies.set(reply, 'session', cookie, SESSION_SECONDS.dashboard)
  if (!app.placeOf(request, user.email).known) {
    cookies.set(reply, 'device', markDevice(encryptionKey, user.email, Date.now()), DEVICE_SECONDS)
  }
}

/** The dashboard's session: a cookie that no script reads. */
export async function dashboardSessionRoutes(app: Api): Promise<void> {
  const { config } = app
  app.addHook('onRequest', noStore)

  app.post(
    '/session',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Account'],
        operationId: 'openDashboardSession',
        summary: 'Log in to the dashboard: the session is in a cookie',
        body: LoginBody,
        response: answers({ 201: DashboardSession, 409: OrganizationChoice }, 400, 401, 403, 429),
      },
    },
    async (request, reply) => {
      refuseCrossSiteLogin(app, request)
      const place = app.placeOf(request, request.body.email)
      const entrance = await countingFailures(app, request, () =>
        logInTo(
          app,
          request.body,
          place,
          async (tx, member) => (await openDashboardSession(tx, config, member, place)).entrance,
        ),
      )
      await handOverCookie(app, request, reply, entrance)
      return reply.code(201).send(entrance)
    },
  )

  rest(app, 'DELETE /session', logOutOfDashboard, {
    status: 204,
    answered: (request, reply) => clearCookie(app, request, reply),
  })
}
