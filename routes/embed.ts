import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TenantTransaction } from '../db/tenant.ts'
import { interviewActor } from '../operations/credentials/principals.ts'
import { finishInterview, lookAtInterview, steerInterview } from '../operations/embed/interview.ts'
import { exchangeInvite, type PresentedInvite, readInvite } from '../operations/embed/sessions.ts'
import { once } from '../operations/idempotency/once.ts'
import { requireOrigin } from '../plugins/embed-cors.ts'
import { sessionOf } from '../plugins/embed-session.ts'
import { readIdempotencyKey } from '../plugins/idempotency.ts'
import { EmbedInterview, EmbedSession, EmbedSessionCreate } from '../schemas/interviews.ts'
import { type Api, answers } from './api.ts'

/** What a candidate's browser asks for: below /api/embed. */
export async function embedRoutes(app: Api): Promise<void> {
  const { database, encryptionKey, tenancy, showFile } = app

  // The answer may get lost on its way, and the invite is used: with an Idempotency-Key it can be asked for again.
  const exchange = async (
    request: FastifyRequest,
    reply: FastifyReply,
    presented: PresentedInvite,
  ): Promise<EmbedSession> => {
    const organizationId = presented.organization.id
    const work = (tx: TenantTransaction) => exchangeInvite(tx, presented, app.publicUrl(), showFile)
    const key = readIdempotencyKey(request)
    if (key === null) return tenancy.write(organizationId, work)
    const { method, url: path, body } = request
    const idempotent = { organizationId, callerId: presented.inviteId, key, method, path, body }
    const answer = await once(tenancy, encryptionKey, idempotent, async (tx) => ({
      status: 200,
      body: await work(tx),
    }))
    if (answer.replayed) reply.header('idempotent-replayed', 'true')
    return answer.body
  }

  app.post(
    '/sessions',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Embed'],
        operationId: 'createEmbedSession',
        summary: 'Exchange an invite for an interview session, once',
        body: EmbedSessionCreate,
        response: answers({ 200: EmbedSession }, 400, 401, 403, 409, 422, 429),
      },
    },
    async (request, reply) => {
      const presented = await readInvite(database, request.body.invite)
      const { organization } = presented
      try {
        await requireOrigin(app, request, reply, organization.id)
        const session = await exchange(request, reply, presented)
        request.actor = interviewActor(organization, session.interview.id, session.expiresAt)
        return session
      } catch (error) {
        request.refusal = { reason: 'invalid_invite', organizationId: organization.id, keyId: null }
        throw error
      }
    },
  )

  app.get(
    '/interview',
    {
      config: { access: 'interview' },
      schema: {
        tags: ['Embed'],
        operationId: 'getEmbedInterview',
        summary: 'The interview with its questions and the answers so far',
        response: answers({ 200: EmbedInterview }, 400, 401, 403, 404, 429),
      },
    },
    (request) => {
      const session = sessionOf(request)
      return tenancy.write(session.organizationId, (tx) => lookAtInterview(tx, session, showFile))
    },
  )

  for (const [verb, to, summary] of [
    ['pause', 'paused', 'Pause the interview'],
    ['resume', 'in_progress', 'Go on with a paused interview'],
  ] as const) {
    app.post(
      `/interview/${verb}`,
      {
        config: { access: 'interview' },
        schema: {
          tags: ['Embed'],
          operationId: `${verb}EmbedInterview`,
          summary,
          response: answers({ 200: EmbedInterview }, 400, 401, 403, 404, 409, 429),
        },
      },
      (request) => {
        const session = sessionOf(request)
        return tenancy.write(session.organizationId, (tx) => steerInterview(tx, session, to, showFile))
      },
    )
  }

  app.post(
    '/interview/complete',
    {
      config: { access: 'interview' },
      schema: {
        tags: ['Embed'],
        operationId: 'completeEmbedInterview',
        summary: 'Complete the interview: it takes no more answers then',
        response: answers({ 200: EmbedInterview }, 400, 401, 403, 404, 409, 429),
      },
    },
    (request) => {
      const session = sessionOf(request)
      return tenancy.write(session.organizationId, (tx) => finishInterview(tx, session, showFile))
    },
  )
}
