import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { presentEmbedInterview } from '../operations/embed/present.ts'
import { removeBytesSoon } from '../operations/files/remove.ts'
import { LIMIT_BYTES, takeFile } from '../operations/files/take.ts'
import { readAnswer, saveAnswer } from '../operations/interviews/answers.ts'
import { type AskedQuestion, saveRecording, wantRecording } from '../operations/interviews/recordings.ts'
import { sessionOf } from '../plugins/embed-session.ts'
import { receiveFile } from '../plugins/receive-file.ts'
import { EmbedInterview } from '../schemas/embed.ts'
import { FileForm } from '../schemas/files.ts'
import { AnswerInput } from '../schemas/interviews.ts'
import { type Api, answers } from './api.ts'

/** Answers, saved one by one: below /api/embed. */
export async function embedAnswerRoutes(app: Api): Promise<void> {
  const { tenancy, files, showFile } = app

  const takeRecording = async (request: FastifyRequest, reply: FastifyReply, asked: AskedQuestion) => {
    const { organizationId, interviewId } = asked
    const wanted = await tenancy.write(organizationId, (tx) => wantRecording(tx, asked))
    const interview = await takeFile(
      files,
      tenancy,
      wanted,
      (id) => receiveFile(request, files.incoming, id, LIMIT_BYTES[wanted.kind]),
      ({ keep }) =>
        app.writeAs(request, reply, async (tx) => {
          await saveRecording(tx, asked, wanted, keep)
          return presentEmbedInterview(tx, organizationId, interviewId, showFile)
        }),
    )
    await removeBytesSoon(files)
    return interview
  }

  app.put(
    '/interview/answers/:questionId',
    {
      config: { access: 'interview', upload: true },
      schema: {
        tags: ['Embed'],
        operationId: 'putEmbedAnswer',
        summary: 'Save the answer to a question, in the place of the one before',
        params: Type.Object({ questionId: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) }),
        body: {
          content: {
            'application/json': { schema: AnswerInput },
            'multipart/form-data': { schema: FileForm },
          },
        },
        response: answers({ 200: EmbedInterview }, 400, 401, 403, 404, 409, 413, 415, 429),
      },
    },
    (request, reply) => {
      const session = sessionOf(request)
      if (request.isMultipart()) return takeRecording(request, reply, { ...session, ...request.params })
      const answer = readAnswer(request.body as AnswerInput | null)
      return app.writeAs(request, reply, async (tx) => {
        await saveAnswer(tx, session, request.params.questionId, answer)
        return presentEmbedInterview(tx, session.organizationId, session.interviewId, showFile)
      })
    },
  )
}
