import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { Config } from '../config/config.ts'
import type { Queryable } from '../db/connect.ts'
import type { MembershipRow } from '../db/queries/accounts.ts'
import { DEVICE_SECONDS, markDevice } from '../operations/accounts/known-device.ts'
import { type LoginPlace, logInTo } from '../operations/accounts/log-in.ts'
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

/** A session of the dashboard that was just opened. */
export interface Entered {
  readonly cookie: string
  readonly answer: Static<typeof DashboardSession>
}

/** Opens the dashboard's session for a member. */
export async function enterDashboard(
  tx: Queryable,
  config: Config,
  member: MembershipRow,
  place: LoginPlace,
): Promise<Entered> {
  const { cookie } = await openDashboardSession(tx, config, member, place)
  return { cookie, answer: presentMember(member) }
}

/** Gives the browser the cookie of its new session. The session that it had before ends (ASVS 5.0, 7.2.4). */
export async function handOverCookie(
  app: Api,
  request: FastifyRequest,
  reply: FastifyReply,
  { cookie, answer }: Entered,
): Promise<void> {
  const { config, cookies, database, encryptionKey, verifier } = app
  const earlier = cookies.read(request, 'session')
  const verdict = earlier ? await verifier.verifyToken(earlier, 'cookie') : null
  if (verdict?.principal) {
    const { user, sessionId } = verdict.principal
    await app.changes.settle(await closeSessions(database, config, user.id, { only: sessionId }))
  }
  cookies.set(reply, 'session', cookie, SESSION_SECONDS.dashboard)
  const { email } = answer.user
  if (!app.placeOf(request, email).known) {
    cookies.set(reply, 'device', markDevice(encryptionKey, email, Date.now()), DEVICE_SECONDS)
  }
}

/** The dashboard's session: a cookie that no script reads. */
export async function dashboardSessionRoutes(app: Api): Promise<void> {
  const { accounts, config } = app
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
      const opened = await countingFailures(app, request, () =>
        logInTo(accounts, request.body, place, (tx, member) => enterDashboard(tx, config, member, place)),
      )
      await handOverCookie(app, request, reply, opened)
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
