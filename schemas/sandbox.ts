import Type, { type Static } from 'typebox'
import { Instant, Strict } from './primitives.ts'

export const Clock = Type.Object(
  {
    now: Instant({ description: 'What time it is for the organization' }),
    offsetSeconds: Type.Integer({ description: 'How far that is ahead of the real time' }),
  },
  { title: 'Clock' },
)
export type Clock = Static<typeof Clock>

export const ClockAdvance = Strict({
  advanceSeconds: Type.Integer({ minimum: 1, maximum: 316_224_000, examples: [86_400] }),
})

const Count = Type.Integer({ minimum: 0 })

export const Reset = Type.Object(
  {
    deleted: Type.Object({
      answers: Count,
      interviews: Count,
      invites: Count,
      files: Count,
      campaigns: Count,
      candidates: Count,
      events: Count,
    }),
  },
  { title: 'Reset' },
)
