import Type from 'typebox'
import { EmbedInterview } from '../../schemas/embed.ts'
import { writeOperation } from '../core/operation.ts'
import { moveEmbedInterview } from './move.ts'

/** Goes on with a paused interview. */
export const resumeEmbedInterview = writeOperation({
  name: 'embed.resume',
  summary: 'Resume a paused interview',
  description: 'An answer resumes the interview too. One that is under way stays so.',
  access: 'interview',
  errors: [404],
  input: Type.Object({}),
  output: EmbedInterview,
  run: (context) => moveEmbedInterview(context, 'in_progress'),
})
