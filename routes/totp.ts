import { confirmPerson } from '../operations/accounts/confirm.ts'
import { beginTotp, finishTotp, removeTotp } from '../operations/accounts/second-factor.ts'
import { actorOf } from '../plugins/access.ts'
import { ConfirmationBody, RecoveryCodes, TotpConfirmBody, TotpSetup } from '../schemas/sessions.ts'
import { type Api, answers, noContent } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'
import { noticeOf } from './notice.ts'
import { personOf } from './sessions.ts'

/** The second factor: an authenticator app, and recovery codes for who loses it. */
export async function totpRoutes(app: Api): Promise<void> {
  const { accounts } = app
  app.addHook('onRequest', noStore)

  app.post(
    '/auth/totp',
    {
      config: { access: 'user', beforeSecondFactor: true },
      schema: {
        tags: ['Account'],
        operationId: 'beginTotp',
        summary: 'Begin to set up a second factor',
        body: ConfirmationBody,
        response: answers({ 201: TotpSetup }, 400, 401, 403, 409, 429),
      },
    },
    async (request, reply) => {
      const person = personOf(request)
      await countingFailures(app, request, () =>
        confirmPerson(accounts, person, request.body ?? {}, 'recent'),
      )
      const email = actorOf(request).user?.email ?? ''
      return reply.code(201).send(await beginTotp(accounts, { id: person.userId, email }))
    },
  )

  app.post(
    '/auth/totp/confirm',
    {
      config: { access: 'user', beforeSecondFactor: true },
      schema: {
        tags: ['Account'],
        operationId: 'confirmTotp',
        summary: 'Set the second factor up with a first code: every other session ends',
        body: TotpConfirmBody,
        response: answers({ 200: RecoveryCodes }, 400, 401, 403, 409, 429),
      },
    },
    async (request) => {
      const { userId: id, sessionId } = personOf(request)
      const { recoveryCodes, tags } = await finishTotp(
        accounts,
        { id, sessionId },
        request.body.code,
        noticeOf(app, request),
      )
      await app.changes.settle(tags)
      return { recoveryCodes }
    },
  )

  app.delete(
    '/auth/totp',
    {
      config: { access: 'user' },
      schema: {
        tags: ['Account'],
        operationId: 'removeTotp',
        summary: 'Take the second factor away: wants the password or a code, both where the log-in is older',
        body: ConfirmationBody,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 409, 429),
      },
    },
    async (request, reply) => {
      const person = personOf(request)
      await countingFailures(app, request, () => confirmPerson(accounts, person, request.body ?? {}, 'fresh'))
      await removeTotp(accounts, person, noticeOf(app, request))
      return reply.code(204).send(null)
    },
  )
}
