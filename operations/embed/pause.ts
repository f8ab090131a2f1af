import Type from 'typebox'
import { EmbedInterview } from '../../schemas/embed.ts'
import { writeOperation } from '../core/operation.ts'
import { moveEmbedInterview } from './move.ts'

/** Pauses the interview. */
export const pauseEmbedInterview = writeOperation({
  name: 'embed.pause',
  summary: 'Pause the interview',
  description: 'The time of a pause does not count. One that is paused already stays so.',
  access: 'interview',
  errors: [404],
  input: Type.Object({}),
  output: EmbedInterview,
  run: (context) => moveEmbedInterview(context, 'paused'),
})
