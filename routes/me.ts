import { Readable } from 'node:stream'
import Type from 'typebox'
import { announceChange } from '../db/changes.ts'
import { listMemberships } from '../db/queries/accounts.ts'
import { updateUserName } from '../db/queries/email-changes.ts'
import { beginEmailChange, cancelEmailChange, confirmEmail } from '../operations/accounts/email-change.ts'
import { erasePerson } from '../operations/accounts/erasure.ts'
import { exportPerson } from '../operations/accounts/export.ts'
import { requireSession } from '../operations/accounts/session-standing.ts'
import { personOf } from '../operations/authentication/person.ts'
import { removeBytesSoon } from '../operations/files/remove.ts'
import { serializeMembership } from '../operations/sessions/serialize.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf, publicAuditContextOf } from '../plugins/audit-context.ts'
import { Memberships } from '../schemas/accounts.ts'
import { EmailChange, EmailChangeBody, EmailConfirmBody, EraseBody, Me, MePatch } from '../schemas/me.ts'
import { type Api, answers, noContent } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'

/** What belongs to the user in person. */
export async function meRoutes(app: Api): Promise<void> {
  const { config, database, mailer } = app
  app.addHook('onRequest', noStore)

  app.patch(
    '/me',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'patchMe',
        summary: 'Change your name',
        body: MePatch,
        response: answers({ 200: Me }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const person = personOf(actorOf(request))
      const tag = `user:${person.userId}`
      const [me] = await database.begin(async (tx) => {
        const changed = await updateUserName(tx, person.userId, request.body.name)
        await requireSession(tx, person)
        await announceChange(tx, config.environment, tag)
        return changed
      })
      await app.changes.settle([tag])
      return me as Me
    },
  )

  app.get(
    '/me/organizations',
    {
      // Also for who has yet to set up a second factor: another organization may not ask for one.
      config: { access: 'user', beforeSecondFactor: true },
      schema: {
        tags: ['Account'],
        operationId: 'listMyOrganizations',
        summary: 'The organizations that you belong to, and your role in each, the oldest membership first',
        response: answers({ 200: Memberships }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const memberships = await listMemberships(database, personOf(actorOf(request)).userId)
      return { organizations: memberships.map(serializeMembership) }
    },
  )

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

  app.delete(
    '/me',
    {
      config: { access: 'user', beforeSecondFactor: true },
      schema: {
        tags: ['Account'],
        operationId: 'eraseMe',
        summary: 'Erase your account, in every organization',
        description:
          'Refused with 409, naming them, while you are the last owner of organizations. Your API keys stay with their organizations.',
        body: EraseBody,
        response: answers({ 204: noContent }, 400, 401, 403, 409, 429),
      },
    },
    async (request, reply) => {
      const person = personOf(actorOf(request))
      const context = auditContextOf(request)
      const tags = await countingFailures(app, request, () =>
        // Of who is erased, the log keeps no address of this last request either.
        erasePerson(app, app, person, request.body, (organizationId) => ({
          ...context,
          organizationId,
          ip: null,
          userAgent: null,
        })),
      )
      await app.changes.settle(tags)
      await removeBytesSoon(app.files)
      return reply.code(204).send(null)
    },
  )
}
