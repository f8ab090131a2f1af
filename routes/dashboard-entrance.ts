import { signUp } from '../operations/accounts/accounts.ts'
import { acceptInvitation } from '../operations/members/accept.ts'
import { openDashboardSession } from '../operations/sessions/open.ts'
import { publicAuditContextOf } from '../plugins/audit-context.ts'
import { refuseCrossSiteLogin } from '../plugins/session-cookie.ts'
import { SignupBody } from '../schemas/accounts.ts'
import { InvitationAccept } from '../schemas/members.ts'
import { DashboardSession } from '../schemas/sessions.ts'
import { type Api, answers } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'
import { admitSignup } from './auth.ts'
import { handOverCookie } from './dashboard-session.ts'

/**
 * The ways into the dashboard that begin with something new. Each opens the session in the transaction that creates the
 * account or the membership: there is no second step that a throttle or a used code could refuse.
 */
export async function dashboardEntranceRoutes(app: Api): Promise<void> {
  const { config, database } = app
  app.addHook('onRequest', noStore)

  app.post(
    '/session/signup',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Account'],
        operationId: 'signUpToDashboard',
        summary: 'Sign up and open the dashboard: the session is in a cookie',
        body: SignupBody,
        response: answers({ 201: DashboardSession }, 400, 403, 409, 429),
      },
    },
    async (request, reply) => {
      refuseCrossSiteLogin(app, request)
      await admitSignup(app, request)
      const place = app.placeOf(request, request.body.email)
      const entrance = await signUp(
        database,
        config,
        request.body,
        (organizationId, userId) => publicAuditContextOf(request, organizationId, userId),
        async (tx, member) => (await openDashboardSession(tx, config, member, place)).entrance,
      )
      await handOverCookie(app, request, reply, entrance)
      return reply.code(201).send(entrance)
    },
  )

  app.post(
    '/session/accept',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Members'],
        operationId: 'acceptInvitationInDashboard',
        summary: 'Accept an invitation and open the dashboard: the session is in a cookie',
        body: InvitationAccept,
        response: answers({ 201: DashboardSession }, 400, 401, 403, 409, 429),
      },
    },
    async (request, reply) => {
      refuseCrossSiteLogin(app, request)
      const entrance = await countingFailures(app, request, () =>
        acceptInvitation(
          app,
          request.body,
          (email) => app.placeOf(request, email),
          (organizationId, userId) => publicAuditContextOf(request, organizationId, userId),
          async (tx, member, place) => (await openDashboardSession(tx, config, member, place)).entrance,
        ),
      )
      await handOverCookie(app, request, reply, entrance)
      return reply.code(201).send(entrance)
    },
  )
}
