import { Readable } from 'node:stream'
import Type from 'typebox'
import { beginEmailChange, cancelEmailChange, confirmEmail } from '../operations/accounts/email-change.ts'
import { personOf } from '../operations/authentication/person.ts'
import { eraseMe } from '../operations/person/erase.ts'
import { exportPerson } from '../operations/person/export.ts'
import { listMyOrganizations } from '../operations/person/organizations.ts'
import { patchMe } from '../operations/person/patch.ts'
import { actorOf } from '../plugins/access.ts'
import { publicAuditContextOf } from '../plugins/audit-context.ts'
import { EmailChange, EmailChangeBody, EmailConfirmBody } from '../schemas/me.ts'
import { type Api, answers, noContent } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'
import { rest } from './rest.ts'

/** What belongs to the user in person. */
export async function meRoutes(app: Api): Promise<void> {
  const { database, mailer } = app
  app.addHook('onRequest', noStore)

  rest(app, 'PATCH /me', patchMe)
  rest(app, 'GET /me/organizations', listMyOrganizations)
  rest(app, 'DELETE /me', eraseMe, {
    status: 204,
    around: (request, run) => countingFailures(app, request, run),
  })

  app.post(
    '/me/email',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'changeEmail',
        summary: 'Begin to change your e-mail address: the old and the new one both get a link to confirm it',
        body: EmailChangeBody,
        description:
          'The answer is the same whether or not the new address has an account. If it has one, its owner is told, and the change never completes.',
        response: answers({ 202: EmailChange }, 400, 401, 403, 429, 503),
      },
    },
    async (request, reply) => {
      const change = await countingFailures(app, request, () =>
        beginEmailChange(app, mailer, app.publicUrl(), personOf(actorOf(request)), request.body),
      )
      return reply.code(202).send(change)
    },
  )

  app.post(
    '/me/email/confirm',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Account'],
        operationId: 'confirmEmail',
        summary:
          'Confirm a change of e-mail address with the token of a link: with the second one it is made',
        body: EmailConfirmBody,
        response: answers({ 200: EmailChange }, 400, 401, 409, 429),
      },
    },
    async (request) => {
      const { change, tags } = await countingFailures(app, request, () =>
        confirmEmail(app, mailer, request.body.token, (organizationId, userId) =>
          publicAuditContextOf(request, organizationId, userId),
        ),
      )
      await app.changes.settle(tags)
      return change
    },
  )

  app.delete(
    '/me/email',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'cancelEmailChange',
        summary: 'Cancel a change of e-mail address that waits to be confirmed',
        response: answers({ 204: noContent }, 400, 401, 403, 404, 429),
      },
    },
    async (request, reply) => {
      await cancelEmailChange(app, personOf(actorOf(request)))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/me/export',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'exportMe',
        summary: 'Everything that is kept about you, as one JSON document',
        description: 'API keys are security credentials and are left out; the document says so in `notice`.',
        response: answers(
          { 200: Type.Object({}, { additionalProperties: true, title: 'Export' }) },
          400,
          401,
          403,
          429,
        ),
      },
    },
    async (request, reply) => {
      const text = await exportPerson(database, personOf(actorOf(request)).userId)
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', 'attachment; filename="anteroom-export.json"')
        .send(Readable.from(text, { objectMode: false }))
    },
  )
}
