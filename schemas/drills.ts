import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Instant, Strict } from './primitives.ts'

/** Every drill there is. */
export const drillNames = [
  'key-expiry',
  'key-leak',
  'rotation',
  'rate-limit',
  'lost-refresh',
  'webhook-duplicate',
  'webhook-reorder',
  'webhook-delay',
  'webhook-signature',
] as const
export type DrillName = (typeof drillNames)[number]

export const DrillOrder = Strict({
  drill: Type.Enum([...drillNames]),
  webhookId: Type.Optional(Id('whk')),
})

const DrillStep = Type.Object({
  step: Type.String({ description: 'What was done' }),
  expected: Type.String(),
  seen: Type.String(),
  ok: Type.Boolean(),
})
export type DrillStep = Static<typeof DrillStep>

export const DrillReport = Type.Object(
  {
    drill: Type.Enum([...drillNames]),
    passed: Type.Boolean({ description: 'Whether every step went as expected' }),
    steps: Type.Array(DrillStep),
    startedAt: Instant(),
    finishedAt: Instant(),
  },
  { title: 'DrillReport' },
)
export type DrillReport = Static<typeof DrillReport>
