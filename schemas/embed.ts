import Type, { type Static } from 'typebox'
import { Question } from './campaigns.ts'
import { interviewFields } from './interviews.ts'
import { Instant, Strict } from './primitives.ts'

const language = Type.String({ description: 'The language of the interview (BCP 47)' })
const organization = Type.Object(
  { name: Type.String({ description: 'The name of the organization' }) },
  { description: 'Who invites' },
)

/** What the candidate's browser sees. */
export const EmbedInterview = Type.Object(
  {
    ...interviewFields,
    language,
    organization,
    candidate: Type.Object(
      { name: Type.String({ description: 'The name of the candidate' }) },
      { description: 'Who answers' },
    ),
    questions: Type.Array(Question, { description: 'The questions, as they were when the interview began' }),
  },
  { title: 'EmbedInterview', description: 'An interview, as its candidate sees it' },
)
export type EmbedInterview = Static<typeof EmbedInterview>

const invite = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'The token of the invite, from its link',
  examples: ['inv_…'],
})
const browserToken = Type.String({
  maxLength: 200,
  examples: ['ibt_…'],
  description:
    'Proves that this is the browser that began the interview. POST /api/embed/preview gives out one. The hosted page ' +
    'has it in a cookie instead.',
})

export const EmbedPreviewInput = Strict({ invite, browserToken: Type.Optional(browserToken) })

/** Where an invite leads the browser that opens it. */
export const previewStatuses = ['pending', 'started', 'completed', 'abandoned', 'cancelled'] as const
export type PreviewStatus = (typeof previewStatuses)[number]

/** What the welcome page shows. The questions themselves are shown when the interview begins. */
export const EmbedPreview = Type.Object(
  {
    status: Type.Enum([...previewStatuses], {
      description: '`pending` before the interview begins, `abandoned` also where the invite has expired',
    }),
    returning: Type.Boolean({ description: 'Whether this browser began the interview, and can come back' }),
    title: Type.String({ description: 'The name of the campaign' }),
    language,
    organization,
    questions: Type.Array(Type.Pick(Question, ['kind', 'timeLimitSeconds']), {
      description: 'The questions that are to come: their kinds and time limits, not what they ask',
    }),
    expiresAt: Instant({ description: 'Until when the interview can begin' }),
    browserToken: Type.Optional(browserToken),
  },
  { title: 'EmbedPreview' },
)
export type EmbedPreview = Static<typeof EmbedPreview>

export const EmbedSessionCreate = Strict({ invite, browserToken: Type.Optional(browserToken) })

export const EmbedSession = Type.Object(
  {
    sessionToken: Type.String({
      description: 'The bearer token of the requests that follow. It opens this interview and nothing else',
    }),
    expiresAt: Instant({ description: 'When 24 hours have passed in silence: each request puts it off' }),
    interview: EmbedInterview,
  },
  { title: 'EmbedSession' },
)
export type EmbedSession = Static<typeof EmbedSession>
