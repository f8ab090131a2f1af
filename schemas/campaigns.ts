import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Instant, Metadata, Name, Nullable, Strict, Text, VisibleText } from './primitives.ts'

export const campaignStatuses = ['draft', 'active', 'paused', 'completed', 'archived'] as const

const Kind = Type.Enum(['text', 'audio', 'video', 'choice'], { description: 'How the question is answered' })
const Language = Type.String({
  pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
  maxLength: 35,
  examples: ['en', 'de-CH'],
})
const questionId = {
  description: 'The id of the question within its campaign: yours, or `q1`, `q2` and so on',
}
const QuestionId = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', ...questionId })
const InviteValidHours = Type.Integer({ minimum: 1, maximum: 720 })

const questionFields = {
  prompt: VisibleText(2000, { description: 'What the question asks' }),
  kind: Kind,
  options: Type.Optional(
    Type.Array(Name(500), {
      minItems: 2,
      maxItems: 20,
      description: 'What the candidate chooses from, in a question of kind `choice`',
    }),
  ),
  timeLimitSeconds: Type.Optional(
    Type.Integer({
      minimum: 5,
      maximum: 3600,
      description: 'How long an answer may take. A longer one is kept, and marked `overTimeLimit`',
    }),
  ),
}

const QuestionInput = Strict({ id: Type.Optional(QuestionId), ...questionFields })
export type QuestionInput = Static<typeof QuestionInput>

export const Question = Type.Object({ id: Type.String(questionId), ...questionFields }, { title: 'Question' })

export const Campaign = Type.Object(
  {
    id: Id('cmp'),
    name: Type.String(),
    description: Nullable(Type.String()),
    status: Type.Enum([...campaignStatuses]),
    language: Type.String(),
    questions: Type.Array(Question),
    inviteValidHours: Type.Integer(),
    metadata: Type.Record(Type.String(), Type.Unknown()),
    counts: Type.Object({
      invited: Type.Integer(),
      started: Type.Integer(),
      completed: Type.Integer(),
      expired: Type.Integer(),
    }),
    createdAt: Instant(),
    updatedAt: Instant(),
  },
  { title: 'Campaign' },
)
export type Campaign = Static<typeof Campaign>

export const CampaignCreate = Strict({
  name: Name(),
  description: Type.Optional(Nullable(Text(5000))),
  status: Type.Optional(Type.Enum(['draft', 'active'])),
  language: Type.Optional(Language),
  questions: Type.Optional(Type.Array(QuestionInput, { maxItems: 100 })),
  inviteValidHours: Type.Optional(InviteValidHours),
  metadata: Type.Optional(Metadata()),
})
export type CampaignCreate = Static<typeof CampaignCreate>

export const CampaignPatch = Strict(
  {
    name: Type.Optional(Name()),
    description: Type.Optional(Nullable(Text(5000))),
    status: Type.Optional(Type.Enum([...campaignStatuses])),
    language: Type.Optional(Language),
    questions: Type.Optional(Type.Array(QuestionInput, { maxItems: 100 })),
    inviteValidHours: Type.Optional(InviteValidHours),
    metadata: Type.Optional(Metadata()),
  },
  { minProperties: 1 },
)
export type CampaignPatch = Static<typeof CampaignPatch>
