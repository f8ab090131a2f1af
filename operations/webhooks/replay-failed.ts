import { signalEvents } from '../../db/event-signal.ts'
import { requeueFailed } from '../../db/queries/deliveries.ts'
import { Id } from '../../schemas/ids.ts'
import { InstantText, Strict } from '../../schemas/primitives.ts'
import { Replayed } from '../../schemas/webhooks.ts'
import { writeOperation } from '../core/operation.ts'
import { lockedEnabledWebhook } from './find.ts'

/** How many deliveries one replay queues at most. Whoever has more asks again. */
const MOST_REPLAYED = 10_000

/** Sends a webhook once more what has failed since a time. */
export const replayFailedDeliveries = writeOperation({
  name: 'webhooks.replay',
  summary: 'Send failed deliveries again',
  description: 'Queues all deliveries of the webhook that have failed since a time, at most 10,000 at once.',
  access: 'webhooks:write',
  input: Strict({ id: Id('whk'), since: InstantText() }),
  output: Replayed,
  example: { since: '2026-01-31T09:30:00.000Z' },
  async run(context, { id, since }) {
    const { tx, organizationId } = context
    await lockedEnabledWebhook(context, id)
    const queued = await requeueFailed(tx, organizationId, id, since, MOST_REPLAYED)
    await signalEvents(tx, organizationId)
    return { deliveries: queued.length }
  },
})
