import type { ShownDelivery } from '../../db/queries/deliveries.ts'
import type { EventType } from '../../schemas/events.ts'
import type { Delivery } from '../../schemas/webhooks.ts'

/** A delivery as the API shows it. */
export function serializeDelivery(row: ShownDelivery): Delivery {
  return {
    id: row.id,
    webhookId: row.webhookId,
    eventId: row.eventId,
    eventType: row.type as EventType,
    state: row.state,
    attempt: row.attempt,
    at: row.at,
    status: row.status,
    durationMs: row.durationMs,
    response: row.response,
    error: row.error,
    nextAttemptAt: row.nextAttemptAt,
    earlierAttempts: row.earlier.map((past) => ({ ...past, at: new Date(past.at) })),
    createdAt: row.createdAt,
  }
}
