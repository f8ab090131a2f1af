import Type, { type Static } from 'typebox'
import { File } from './files.ts'
import { Id } from './ids.ts'
import { Email, Instant, Nullable, Strict } from './primitives.ts'

export const interviewStatuses = ['created', 'in_progress', 'paused', 'completed', 'abandoned'] as const
export type InterviewStatus = (typeof interviewStatuses)[number]

export const Answer = Type.Object(
  {
    questionId: Type.String({ description: 'The question that it answers' }),
    prompt: Type.String({ description: 'What the question asked' }),
    kind: Type.Enum(['text', 'audio', 'video', 'choice'], {
      description: 'The kind of the question. It says which of `text`, `choice` and `file` holds the answer',
    }),
    text: Type.Optional(Type.String({ description: 'The answer to a question of kind `text`' })),
    choice: Type.Optional(Type.String({ description: 'The option that the candidate chose' })),
    file: Type.Optional(Nullable(File, { description: 'The recording; null where it was deleted' })),
    durationSeconds: Nullable(
      Type.Integer({
        description:
          'Of a recording: how long it is. Of other answers: how long it took, as the browser measured it',
      }),
    ),
    overTimeLimit: Type.Boolean({ description: 'Whether that is longer than the question allows' }),
    answeredAt: Instant({
      description: 'When the candidate sent it; a later answer replaces an earlier one',
    }),
  },
  { title: 'Answer' },
)
export type Answer = Static<typeof Answer>

export const interviewFields = {
  id: Id('int'),
  campaignId: Id('cmp', 'The campaign that the candidate was invited to'),
  candidateId: Id('cnd', 'The candidate'),
  inviteId: Id('inv', 'The invite that the interview began with'),
  status: Type.Enum([...interviewStatuses], {
    description:
      '`paused` after 30 minutes without a request of the candidate, `abandoned` after 24 hours without one',
  }),
  title: Type.String({ description: 'The name that the campaign had when the interview began' }),
  startedAt: Nullable(Instant({ description: 'When the candidate began' })),
  completedAt: Nullable(Instant({ description: 'When the candidate completed it' })),
  durationSeconds: Nullable(
    Type.Integer({ description: 'How long the candidate worked on it: pauses do not count' }),
  ),
  answers: Type.Array(Answer, { description: 'The answers so far, in the order of the questions' }),
  createdAt: Instant({ description: 'When the interview was created' }),
}

export const Interview = Type.Object(interviewFields, { title: 'Interview' })
export type Interview = Static<typeof Interview>

export const AnswerInput = Strict(
  {
    text: Type.Optional(
      Type.String({ maxLength: 20_000, description: 'The answer to a question of kind `text`' }),
    ),
    choice: Type.Optional(
      Type.String({ maxLength: 500, description: 'One of the options of a question of kind `choice`' }),
    ),
    durationSeconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 86_400, description: 'How long the candidate took to answer' }),
    ),
  },
  { minProperties: 1 },
)
export type AnswerInput = Static<typeof AnswerInput>

/** What a list of interviews can be narrowed by. */
export const interviewFilters = {
  status: Type.Optional(Type.Enum([...interviewStatuses], { description: 'Interviews of this status' })),
  campaignId: Type.Optional(Id('cmp', 'Interviews of this campaign')),
  candidateId: Type.Optional(Id('cnd', 'Interviews of this candidate')),
  inviteId: Type.Optional(Id('inv', 'The interview of this invite')),
  email: Type.Optional(Email({ description: 'Interviews of the candidate of this e-mail address' })),
}
