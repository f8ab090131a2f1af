import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { personOf } from '../operations/authentication/person.ts'
import { cancelEmailChange } from '../operations/person/cancel-email-change.ts'
import { changeEmail } from '../operations/person/change-email.ts'
import { confirmEmail } from '../operations/person/confirm-email.ts'
import { eraseMe } from '../operations/person/erase.ts'
import { exportPerson } from '../operations/person/export.ts'
import { listMyOrganizations } from '../operations/person/organizations.ts'
import { patchMe } from '../operations/person/patch.ts'
import { actorOf } from '../plugins/access.ts'
import { type Api, answers } from './api.ts'
import { noStore, tryingSecret } from './attempts.ts'
import { rest } from './rest.ts'

/** What belongs to the user in person. */
export async function meRoutes(app: Api): Promise<void> {
  app.addHook('onRequest', noStore)
  const around = <T>(request: FastifyRequest, run: () => Promise<T>) => tryingSecret(app, request, run)
  rest(app, 'PATCH /me', patchMe)
  rest(app, 'GET /me/organizations', listMyOrganizations)
  rest(app, 'POST /me/email', changeEmail, { status: 202, around })
  rest(app, 'POST /me/email/confirm', confirmEmail, { around })
  rest(app, 'DELETE /me/email', cancelEmailChange, { status: 204 })
  rest(app, 'DELETE /me', eraseMe, { status: 204, around })

  // A stream, which is read page after page: not an operation.
  app.get(
    '/me/export',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'me.export',
        summary: 'Export everything that is kept about you',
        description:
          'Answers with one JSON document. API keys are security credentials and are left out; `notice` in the document says so.',
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
      const text = await exportPerson(app.database, personOf(actorOf(request)).userId)
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', 'attachment; filename="anteroom-export.json"')
        .send(Readable.from(text, { objectMode: false }))
    },
  )
}
