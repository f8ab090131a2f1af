import Type from 'typebox'
import { sessionOf } from '../plugins/embed-session.ts'
import { AnswerInput, EmbedInterview } from '../schemas/interviews.ts'
import { presentEmbedInterview } from '../services/embed/present.ts'
import { readAnswer, saveAnswer } from '../services/interviews/answers.ts'
import { type Api, answers } from './api.ts'

/** Answers, saved one by one: below /api/embed. */
export async function embedAnswerRoutes(app: Api): Promise<void> {
  const { tenancy } = app

  app.put(
    '/interview/answers/:questionId',
    {
      config: { access: 'interview' },
      schema: {
        tags: ['Embed'],
        operationId: 'putEmbedAnswer',
        summary: 'Save the answer to a question, in the place of the one before',
        params: Type.Object({ questionId: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) }),
        body: AnswerInput,
        response: answers({ 200: EmbedInterview }, 400, 401, 403, 404, 409, 413, 415, 429),
      },
    },
    (request) => {
      const session = sessionOf(request)
      const answer = readAnswer(request.body)
      return tenancy.write(session.organizationId, async (tx) => {
        await saveAnswer(tx, session, request.params.questionId, answer)
        return presentEmbedInterview(tx, session.organizationId, session.interviewId)
      })
    },
  )
}
