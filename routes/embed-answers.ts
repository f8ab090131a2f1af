import Type from 'typebox'
import { sessionOf } from '../plugins/embed-session.ts'
import { ApiError } from '../schemas/errors.ts'
import { AnswerInput, EmbedInterview } from '../schemas/interviews.ts'
import { presentEmbedInterview } from '../services/embed/present.ts'
import { readAnswer, saveAnswer } from '../services/interviews/answers.ts'
import { type Api, answers } from './api.ts'

/** The body of a recording, for the reference: what is read of it is the file, as it streams in. */
const RecordedAnswer = Type.Unsafe<null>({
  type: ['object', 'null'],
  properties: { file: { type: 'string', format: 'binary' } },
})

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
        body: {
          content: {
            'application/json': { schema: AnswerInput },
            'multipart/form-data': { schema: RecordedAnswer },
          },
        },
        response: answers({ 200: EmbedInterview }, 400, 401, 403, 404, 409, 413, 415, 429),
      },
    },
    (request) => {
      const session = sessionOf(request)
      if (request.isMultipart()) throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Recordings are not taken yet')
      const answer = readAnswer(request.body as AnswerInput)
      return tenancy.write(session.organizationId, async (tx) => {
        await saveAnswer(tx, session, request.params.questionId, answer)
        return presentEmbedInterview(tx, session.organizationId, session.interviewId)
      })
    },
  )
}
