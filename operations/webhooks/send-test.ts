import Type from 'typebox'
import { Id } from '../../schemas/ids.ts'
import { Delivery } from '../../schemas/webhooks.ts'
import { writeOperation } from '../core/operation.ts'
import { enabledWebhook } from './find.ts'

/** Sends a webhook an event of type `webhook.test`, whatever it subscribes to. */
export const testWebhook = writeOperation({
  name: 'webhooks.test',
  summary: 'Send a test event to a webhook',
  description:
    'Sends one `webhook.test` event, whatever the webhook subscribes to. Look at its deliveries for the outcome.',
  access: 'webhooks:write',
  input: Type.Object({ id: Id('whk') }),
  output: Delivery,
  async run(context, { id }) {
    const { pausedUntil, now } = await enabledWebhook(context, id)
    const data = { webhookId: id, message: 'A test: your receiver is reached.' }
    const { eventId, deliveryId } = context.emit('webhook.test', data, { webhookId: id })
    return {
      id: deliveryId,
      webhookId: id,
      eventId,
      eventType: 'webhook.test' as const,
      state: 'pending' as const,
      attempt: 0,
      at: null,
      status: null,
      durationMs: null,
      response: null,
      error: null,
      nextAttemptAt: pausedUntil && pausedUntil > now ? pausedUntil : now,
      earlierAttempts: [],
      createdAt: now,
    }
  },
})
