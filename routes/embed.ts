import { sessionOf } from '../plugins/embed-session.ts'
import { EmbedInterview, EmbedSession, EmbedSessionCreate } from '../schemas/interviews.ts'
import { finishInterview, lookAtInterview, steerInterview } from '../services/embed/interview.ts'
import { exchangeInvite, readInvite } from '../services/embed/sessions.ts'
import { type Api, answers } from './api.ts'

/** What a candidate's browser asks for: below /api/embed. */
export async function embedRoutes(app: Api): Promise<void> {
  const { database, tenancy } = app

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
    async (request) => {
      const presented = await readInvite(database, request.body.invite)
      request.refusal = { reason: 'invite', organizationId: presented.organizationId, keyId: null }
      const session = await tenancy.write(presented.organizationId, (tx) =>
        exchangeInvite(tx, presented, app.publicUrl()),
      )
      request.refusal = null
      return session
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
      return tenancy.write(session.organizationId, (tx) => lookAtInterview(tx, session))
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
        return tenancy.write(session.organizationId, (tx) => steerInterview(tx, session, to))
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
      return tenancy.write(session.organizationId, (tx) => finishInterview(tx, session))
    },
  )
}
