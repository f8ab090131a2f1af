import Type from 'typebox'
import { Id } from './ids.ts'
import { Instant } from './primitives.ts'

/** What organizations can be told of: every type of event there is. */
export const eventTypes = [
  'campaign.created',
  'campaign.updated',
  'invite.created',
  'invite.cancelled',
  'invite.expired',
  'interview.started',
  'interview.paused',
  'interview.completed',
  'interview.abandoned',
  'key.created',
  'key.rotated',
  'key.revoked',
  'key.expiring',
  'webhook.test',
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
