import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { findSession, type ListedSession, listSessions } from '../db/queries/sessions.ts'
import { changePassword } from '../operations/accounts/change-password.ts'
import { confirmPerson } from '../operations/accounts/confirm.ts'
import { deviceName } from '../operations/accounts/device-name.ts'
import type { Person } from '../operations/accounts/person.ts'
import { closeSessions } from '../operations/accounts/sessions.ts'
import { actorOf } from '../plugins/access.ts'
import { PasswordChangeBody } from '../schemas/accounts.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { ApiError, notFound } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { ConfirmationBody, Session } from '../schemas/sessions.ts'
import { type Api, answers, noContent } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'
import { noticeOf } from './notice.ts'

/** The caller's own sessions, and the password that they hang on. */
export async function sessionRoutes(app: Api): Promise<void> {
  const { accounts, config, database, cookies } = app
  app.addHook('onRequest', noStore)

  app.get(
    '/auth/sessions',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'listSessions',
        summary: 'Where you are logged in, in all your organizations, newest first',
        querystring: Strict(pageQuery),
        response: answers({ 200: Page('sessions', Session) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const { userId, sessionId } = personOf(request)
      const page = readPage(request.query)
      const { items, nextCursor } = pageOf(await listSessions(database, userId, page), page.limit)
      return { sessions: items.map((row) => presentSession(row, sessionId)), nextCursor }
    },
  )

  app.delete(
    '/auth/sessions/:id',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'endSession',
        summary:
          'End a session; another one than this wants a log-in of the last quarter of an hour, or a confirmation',
        params: Type.Object({ id: Id('ses') }),
        body: ConfirmationBody,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 429),
      },
    },
    async (request, reply) => {
      const person = personOf(request)
      const { id } = request.params
      if (!(await findSession(database, person.userId, id))[0]) throw notFound('Session')
      if (id !== person.sessionId) await confirm(request, person)
      await app.changes.settle(await closeSessions(database, config, person.userId, { only: id }))
      if (id === person.sessionId && actorOf(request).type === 'session') cookies.clear(reply, 'session')
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/auth/sessions',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'endOtherSessions',
        summary: 'End all your sessions but this one',
        body: ConfirmationBody,
        response: answers({ 204: noContent }, 400, 401, 403, 429),
      },
    },
    async (request, reply) => {
      const person = personOf(request)
      await confirm(request, person)
      const which = { except: person.sessionId }
      await app.changes.settle(await closeSessions(database, config, person.userId, which))
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/auth/password/change',
    {
      config: { access: 'user', beforeSecondFactor: true },
      schema: {
        tags: ['Account'],
        operationId: 'changePassword',
        summary: 'Change your password: every other session ends',
        body: PasswordChangeBody,
        response: answers({ 204: noContent }, 400, 401, 403, 409, 429),
      },
    },
    async (request, reply) => {
      const { currentPassword, newPassword } = request.body
      const tags = await countingFailures(app, request, () =>
        changePassword(accounts, personOf(request), currentPassword, newPassword, noticeOf(app, request)),
      )
      await app.changes.settle(tags)
      return reply.code(204).send(null)
    },
  )

  function confirm(
    request: FastifyRequest<{ Body: { password?: string; code?: string } | undefined }>,
    person: Person,
  ) {
    return countingFailures(app, request, () => confirmPerson(accounts, person, request.body ?? {}, 'recent'))
  }
}

/**
 * Who is logged in, in a session of their own.
 * @throws ApiError 403 for a third party's app, which has a user's consent and is not the user
 */
export function personOf(request: FastifyRequest): Person {
  const { user, sessionId } = actorOf(request)
  if (user && sessionId) return { userId: user.id, sessionId }
  throw new ApiError('FORBIDDEN', 'This is for the user in person: log in', { reason: 'no_session' })
}

/**
 * Ends the caller's own session in every process, with the cookie that it may have come in. Both log-outs are this.
 * @throws ApiError 403 for who is not the user in person
 */
export async function logOut(app: Api, request: FastifyRequest, reply: FastifyReply): Promise<null> {
  const { userId, sessionId } = personOf(request)
  await app.changes.settle(await closeSessions(app.database, app.config, userId, { only: sessionId }))
  if (actorOf(request).type === 'session') app.cookies.clear(reply, 'session')
  reply.code(204)
  return null
}

function presentSession(row: ListedSession, currentId: string): Session {
  return {
    id: row.id,
    kind: row.kind as Session['kind'],
    device: deviceName(row.userAgent),
    userAgent: row.userAgent,
    ip: row.ip,
    organization: { id: row.organizationId, name: row.organizationName },
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
    expiresAt: row.expiresAt,
    current: row.id === currentId,
  }
}
