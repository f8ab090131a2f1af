import Type from 'typebox'
import { Id } from './ids.ts'
import { Instant } from './primitives.ts'

/** What organizations can be told of. */
export const eventTypes = [
  'campaign.created',
  'campaign.updated',
  'key.created',
  'key.rotated',
  'key.revoked',
  'key.expiring',
] as const

export type EventType = (typeof eventTypes)[number]

export const EventTypeSchema = Type.Enum([...eventTypes])

export const Event = Type.Object(
  {
    id: Id('evt'),
    type: Type.String(),
    createdAt: Instant(),
    data: Type.Record(Type.String(), Type.Unknown(), { description: 'The object as the API shows it' }),
  },
  { title: 'Event' },
)
