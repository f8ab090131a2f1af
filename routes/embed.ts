import { finishInterview, lookAtInterview, steerInterview } from '../operations/embed/interview.ts'
import { sessionOf } from '../plugins/embed-session.ts'
import { EmbedInterview } from '../schemas/embed.ts'
import { type Api, answers } from './api.ts'

/** What a candidate does with an interview session: below /api/embed. */
export async function embedRoutes(app: Api): Promise<void> {
  const { tenancy, showFile } = app

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
      (request, reply) => {
        const session = sessionOf(request)
        return app.writeAs(request, reply, (tx) => steerInterview(tx, session, to, showFile))
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
    (request, reply) => {
      const session = sessionOf(request)
      return app.writeAs(request, reply, (tx) => finishInterview(tx, session, showFile), 'exclusive')
    },
  )
}
