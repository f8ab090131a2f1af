import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { networkOf } from '../credentials/addresses.ts'
import { requestPasswordReset, resetPassword } from '../operations/accounts/password-reset.ts'
import { publicAuditContextOf } from '../plugins/audit-context.ts'
import { limited } from '../plugins/limits.ts'
import { ForgotBody, ResetBody } from '../schemas/accounts.ts'
import { type Api, answers, noContent } from './api.ts'
import { countingFailures, noStore } from './attempts.ts'

const HOUR_MS = 3_600_000
const MOST_AN_HOUR = 20

/** A new password for who has forgotten theirs. */
export async function passwordRoutes(app: Api): Promise<void> {
  const { config, database, encryptionKey, jobs, mailer } = app
  app.addHook('onRequest', noStore)

  const forgotten = app.createLimiter<FastifyRequest>({
    name: 'forgotten',
    max: Math.max(MOST_AN_HOUR, config.authFailuresPerMinute),
    windowMs: HOUR_MS,
    keyOf: ({ address }) => networkOf(address),
  })

  app.post(
    '/auth/password/forgot',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Account'],
        operationId: 'forgotPassword',
        summary: 'Ask for a new password: a link comes by e-mail, where there is such an account',
        body: ForgotBody,
        response: answers({ 202: Type.Object({ message: Type.String() }) }, 400, 429, 503),
      },
    },
    async (request, reply) => {
      mailer.requireMail()
      const outcome = await forgotten(request)
      if (outcome.isExceeded) throw limited(outcome, 'too_many_resets')
      await requestPasswordReset(jobs, database, encryptionKey, request.body.email)
      // The same words in any case: whether there is such an account is nobody's business.
      return reply
        .code(202)
        .send({ message: 'A link is on its way, if there is an account with this address' })
    },
  )

  app.post(
    '/auth/password/reset',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Account'],
        operationId: 'resetPassword',
        summary: 'Set a new password with the token of the link: every session ends',
        body: ResetBody,
        response: answers({ 204: noContent }, 400, 401, 429),
      },
    },
    async (request, reply) => {
      const tags = await countingFailures(app, request, () =>
        resetPassword(app, mailer, app.publicUrl(), request.body, (organizationId, userId) =>
          publicAuditContextOf(request, organizationId, userId),
        ),
      )
      await app.changes.settle(tags)
      return reply.code(204).send(null)
    },
  )
}
