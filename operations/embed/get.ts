import Type from 'typebox'
import { EmbedInterview } from '../../schemas/embed.ts'
import { notFound } from '../../schemas/errors.ts'
import { writeOperation } from '../core/operation.ts'
import { lockSettledInterview, touchInterview } from '../interviews/progress.ts'
import { readEmbedInterview } from './read.ts'
import { sessionOf } from './session.ts'

/** Shows the interview, and notes this sign of life of the candidate's browser: hence it is a write. */
export const getEmbedInterview = writeOperation({
  name: 'embed.get',
  summary: 'Get the interview of a session',
  description:
    'Shows the interview with its questions and the answers so far. Each request of the session puts off its end, and ' +
    'the pause that 30 minutes of silence bring.',
  access: 'interview',
  errors: [404],
  input: Type.Object({}),
  output: EmbedInterview,
  async run({ tx, actor, services }) {
    const session = sessionOf(actor)
    const row = await lockSettledInterview(tx, session.organizationId, session.interviewId)
    if (!row) throw notFound('Interview')
    await touchInterview(tx, row)
    return readEmbedInterview(tx, session, services.showFile)
  },
})
