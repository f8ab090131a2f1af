import { DEVICE_SECONDS, markDevice } from '../operations/accounts/known-device.ts'
import { logInTo } from '../operations/accounts/log-in.ts'
import {
  closeSessions,
  openDashboardSession,
  presentMember,
  SESSION_SECONDS,
} from '../operations/accounts/sessions.ts'
import { refuseCrossSiteLogin } from '../plugins/session-cookie.ts'
import { LoginBody, OrganizationChoice } from '../schemas/accounts.ts'
import { DashboardSession } from '../schemas/sessions.ts'
import { type Api, answers, noContent } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'
import { logOut } from './sessions.ts'

/** The dashboard's session: a cookie that no script reads. */
export async function dashboardSessionRoutes(app: Api): Promise<void> {
  const { accounts, config, database, cookies, encryptionKey, verifier } = app
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
      const { email } = request.body
      const place = app.placeOf(request, email)
      const opened = await countingFailures(app, request, () =>
        logInTo(accounts, request.body, place, async (tx, member) => ({
          ...(await openDashboardSession(tx, config, member, place)),
          answer: presentMember(member),
        })),
      )
      // Who logs in anew leaves no earlier session behind in this browser (ASVS 5.0, 7.2.4).
      const earlier = cookies.read(request, 'session')
      const verdict = earlier ? await verifier.verifyToken(earlier, 'cookie') : null
      if (verdict?.principal) {
        const { user, sessionId } = verdict.principal
        await app.changes.settle(await closeSessions(database, config, user.id, { only: sessionId }))
      }
      cookies.set(reply, 'session', opened.cookie, SESSION_SECONDS.dashboard)
      if (!place.known)
        cookies.set(reply, 'device', markDevice(encryptionKey, email, Date.now()), DEVICE_SECONDS)
      return reply.code(201).send(opened.answer)
    },
  )

  app.delete(
    '/session',
    {
      config: { access: 'user', beforeSecondFactor: true },
      schema: {
        tags: ['Account'],
        operationId: 'closeDashboardSession',
        summary: 'Log out of the dashboard',
        response: answers({ 204: noContent }, 400, 401, 403, 429),
      },
    },
    (request, reply) => logOut(app, request, reply),
  )
}
