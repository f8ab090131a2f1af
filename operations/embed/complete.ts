import Type from 'typebox'
import { findInterview } from '../../db/queries/interviews.ts'
import { EmbedInterview } from '../../schemas/embed.ts'
import { notFound } from '../../schemas/errors.ts'
import { writeOperation } from '../core/operation.ts'
import { completeInterview } from '../interviews/progress.ts'
import { readEmbedInterview } from './read.ts'
import { sessionOf } from './session.ts'

/** Completes the interview. One that is completed stays as it is. */
export const completeEmbedInterview = writeOperation({
  name: 'embed.complete',
  summary: 'Complete the interview',
  description:
    'The interview takes no more answers then, and the invite is used up. One that is completed already stays so; one ' +
    'that was abandoned is 409.',
  access: 'interview',
  errors: [404],
  input: Type.Object({}),
  output: EmbedInterview,
  async run({ tx, actor, services }) {
    const session = sessionOf(actor)
    const { organizationId, interviewId } = session
    const [row] = await findInterview(tx, organizationId, interviewId)
    if (!row) throw notFound('Interview')
    await completeInterview(tx, organizationId, row.inviteId, interviewId)
    return readEmbedInterview(tx, session, services.showFile)
  },
})
