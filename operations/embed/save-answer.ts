import Type from 'typebox'
import { EmbedInterview } from '../../schemas/embed.ts'
import { AnswerInput } from '../../schemas/interviews.ts'
import { Strict } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { removeBytesSoon } from '../files/remove.ts'
import { readAnswer, saveAnswer } from '../interviews/answers.ts'
import { saveRecording, type TakenRecording } from '../interviews/recordings.ts'
import { readEmbedInterview } from './read.ts'
import { sessionOf } from './session.ts'

/** Saves an answer: text, a choice, or a recording that `takeRecording` took in. */
export const saveEmbedAnswer = writeOperation({
  name: 'embed.saveAnswer',
  summary: 'Save the answer to a question',
  description:
    'Replaces the answer that the question had, so that you can send it again. Send `text` or `choice` as JSON, or a ' +
    'recording of at most 200 MiB as the field `file` of a form; `POST /api/embed/interview/uploads` takes long ' +
    'recordings in parts. An answer resumes a paused interview.',
  access: 'interview',
  errors: [409, 413],
  input: Strict(
    {
      questionId: Type.String({
        pattern: '^[A-Za-z0-9_-]{1,64}$',
        description: 'The question that it answers',
        examples: ['q1'],
      }),
      ...AnswerInput.properties,
      file: Type.Optional(
        Type.Unsafe<TakenRecording>({
          description: 'The answer to a question of kind `audio` or `video`: a recording as browsers make it',
        }),
      ),
    },
    { minProperties: 2 },
  ),
  output: EmbedInterview,
  example: { text: 'I measured first. The index was missing.', durationSeconds: 95 },
  async run({ tx, actor, services, afterCommit }, { questionId, file, ...answer }) {
    const session = sessionOf(actor)
    if (file) {
      await saveRecording(tx, { ...session, questionId }, file)
      // Of the recording that this one replaces.
      afterCommit(() => removeBytesSoon(services.files))
    } else {
      await saveAnswer(tx, session, questionId, readAnswer(answer))
    }
    return readEmbedInterview(tx, session, services.showFile)
  },
})
