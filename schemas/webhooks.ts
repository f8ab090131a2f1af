import Type, { type Static } from 'typebox'
import { EventTypeSchema, eventTypes } from './events.ts'
import { Id } from './ids.ts'
import { Instant, Name, Nullable, Strict } from './primitives.ts'

const LONGEST_URL = 2048
const nouns = [...new Set(eventTypes.map((type) => type.slice(0, type.indexOf('.'))))]
const filters = ['*', ...nouns.map((noun) => `${noun}.*`), ...eventTypes]

/** What an endpoint wants: types, all types of a noun (`campaign.*`), or everything (`*`). */
const EventFilters = Type.Array(Type.Enum(filters), {
  minItems: 1,
  maxItems: filters.length,
  uniqueItems: true,
  examples: [['interview.completed', 'invite.*']],
})

const Url = Type.String({
  minLength: 1,
  maxLength: LONGEST_URL,
  format: 'uri',
  examples: ['https://example.com/hooks/anteroom'],
})

export const Webhook = Type.Object(
  {
    id: Id('whk'),
    url: Type.String(),
    description: Nullable(Type.String()),
    events: Type.Array(Type.String()),
    status: Type.Enum(['enabled', 'disabled']),
    disabled: Type.Boolean({ description: 'The same as a switch: PATCH it' }),
    disabledAt: Nullable(Instant()),
    disabledReason: Nullable(
      Type.Enum(['request', 'gone', 'failing'], {
        description: 'You asked for it, the receiver answered 410, or it failed for five days',
      }),
    ),
    failingSince: Nullable(Instant({ description: 'The first failure that no success came after' })),
    pausedUntil: Nullable(Instant({ description: 'The receiver asked for quiet until then (Retry-After)' })),
    previousSecretUntil: Nullable(
      Instant({ description: 'Until then deliveries carry a signature with the replaced secret as well' }),
    ),
    createdAt: Instant(),
    updatedAt: Instant(),
  },
  { title: 'Webhook' },
)
export type Webhook = Static<typeof Webhook>

/** The two answers that show the secret. */
export const WebhookWithSecret = Type.Object(
  { ...Webhook.properties, secret: Type.String({ description: 'Shown this once', examples: ['whsec_…'] }) },
  { title: 'WebhookWithSecret' },
)

export const WebhookCreate = Strict({
  url: Url,
  events: EventFilters,
  description: Type.Optional(Nullable(Name(500))),
})
export type WebhookCreate = Static<typeof WebhookCreate>

export const WebhookPatch = Strict(
  {
    url: Type.Optional(Url),
    events: Type.Optional(EventFilters),
    description: Type.Optional(Nullable(Name(500))),
    disabled: Type.Optional(Type.Boolean()),
  },
  { minProperties: 1 },
)
export type WebhookPatch = Static<typeof WebhookPatch>

const pastAttempt = {
  attempt: Type.Integer(),
  at: Nullable(Instant({ description: 'When the attempt began' })),
  status: Nullable(Type.Integer({ description: 'The status that the receiver answered with' })),
  durationMs: Nullable(Type.Integer()),
  error: Nullable(Type.String({ description: 'Why no answer came' })),
}

export const Delivery = Type.Object(
  {
    id: Id('dlv'),
    webhookId: Id('whk'),
    eventId: Id('evt'),
    eventType: EventTypeSchema,
    state: Type.Enum(['pending', 'delivered', 'failed'], {
      description: 'pending: attempts are left; failed: none is, or the receiver answered 410',
    }),
    ...pastAttempt,
    attempt: Type.Integer({ description: 'The number of the last attempt; 0 before the first' }),
    response: Nullable(Type.String({ description: 'The first 1,024 bytes of the answer’s body' })),
    nextAttemptAt: Nullable(Instant()),
    earlierAttempts: Type.Array(Type.Object(pastAttempt)),
    createdAt: Instant(),
  },
  { title: 'Delivery' },
)
export type Delivery = Static<typeof Delivery>

/** How many deliveries a replay has put into the queue. */
export const Replayed = Type.Object({ deliveries: Type.Integer() }, { title: 'Replayed' })
