import Type, { type Static } from 'typebox'
import { File } from './files.ts'
import { Id } from './ids.ts'
import { Email, Instant, Nullable, Strict } from './primitives.ts'

export const interviewStatuses = ['created', 'in_progress', 'paused', 'completed', 'abandoned'] as const
export type InterviewStatus = (typeof interviewStatuses)[number]

export const Answer = Type.Object(
  {
    questionId: Type.String(),
    prompt: Type.String(),
    kind: Type.Enum(['text', 'audio', 'video', 'choice']),
    text: Type.Optional(Type.String()),
    choice: Type.Optional(Type.String()),
    file: Type.Optional(Nullable(File)),
    durationSeconds: Nullable(
      Type.Integer({
        description:
          'Of a recording: how long it is. Of other answers: how long it took, as the browser measured it',
      }),
    ),
    overTimeLimit: Type.Boolean({ description: 'Whether that is longer than the question allows' }),
    answeredAt: Instant(),
  },
  { title: 'Answer' },
)
export type Answer = Static<typeof Answer>

export const interviewFields = {
  id: Id('int'),
  campaignId: Id('cmp'),
  candidateId: Id('cnd'),
  inviteId: Id('inv'),
  status: Type.Enum([...interviewStatuses]),
  title: Type.String(),
  startedAt: Nullable(Instant()),
  completedAt: Nullable(Instant()),
  durationSeconds: Nullable(
    Type.Integer({ description: 'How long the candidate was at it: pauses are left out' }),
  ),
  answers: Type.Array(Answer),
  createdAt: Instant(),
}

export const Interview = Type.Object(interviewFields, { title: 'Interview' })
export type Interview = Static<typeof Interview>

export const AnswerInput = Strict(
  {
    text: Type.Optional(Type.String({ maxLength: 20_000 })),
    choice: Type.Optional(Type.String({ maxLength: 500 })),
    durationSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  },
  { minProperties: 1 },
)
export type AnswerInput = Static<typeof AnswerInput>

/** What a list of interviews can be narrowed by. */
export const interviewFilters = {
  status: Type.Optional(Type.Enum([...interviewStatuses])),
  campaignId: Type.Optional(Id('cmp')),
  candidateId: Type.Optional(Id('cnd')),
  inviteId: Type.Optional(Id('inv')),
  email: Type.Optional(Email()),
}
