import {
  closeSessions,
  openDashboardSession,
  presentMember,
  SESSION_SECONDS,
} from '../operations/accounts/sessions.ts'
import { switchOrganization } from '../operations/accounts/switch.ts'
import { actorOf } from '../plugins/access.ts'
import { SwitchBody } from '../schemas/accounts.ts'
import { ApiError } from '../schemas/errors.ts'
import { DashboardSession } from '../schemas/sessions.ts'
import { type Api, answers } from './api.ts'
import { noStore } from './attempts.ts'
import { personOf } from './sessions.ts'

/** The dashboard from one of a user's organizations to another. */
export async function dashboardSwitchRoutes(app: Api): Promise<void> {
  const { accounts, config, cookies, database } = app
  app.addHook('onRequest', noStore)

  app.post(
    '/session/switch',
    {
      config: { access: 'user', beforeSecondFactor: true },
      schema: {
        tags: ['Account'],
        operationId: 'switchDashboard',
        summary: 'Switch the dashboard to another of your organizations: the cookie is a new one',
        body: SwitchBody,
        response: answers({ 200: DashboardSession }, 400, 401, 403, 429),
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      if (actor.type !== 'session') throw new ApiError('FORBIDDEN', 'This is for the dashboard’s cookie')
      const person = personOf(request)
      const place = app.placeOf(request, actor.user?.email ?? '')
      const { organizationId } = request.body
      const opened = await switchOrganization(accounts, person, organizationId, async (tx, member) => ({
        ...(await openDashboardSession(tx, config, member, place)),
        answer: presentMember(member),
      }))
      cookies.set(reply, 'session', opened.cookie, SESSION_SECONDS.dashboard)
      await app.changes.settle(
        await closeSessions(database, config, person.userId, { only: person.sessionId }),
      )
      return opened.answer
    },
  )
}
