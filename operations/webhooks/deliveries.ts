import { signalEvents } from '../../db/event-signal.ts'
import {
  findDelivery,
  requeueDelivery,
  requeueFailed,
  type ShownDelivery,
} from '../../db/queries/deliveries.ts'
import { findEvent, listWanting } from '../../db/queries/events.ts'
import { findWebhook, type WebhookRow } from '../../db/queries/webhooks.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import type { EventType } from '../../schemas/events.ts'
import type { Delivery } from '../../schemas/webhooks.ts'
import { emitTo, queue } from '../events/emit.ts'

/** How many one replay puts into the queue at most: who has more asks again. */
const MOST_REPLAYED = 10_000

/** A delivery as the API shows it. */
export function presentDelivery(row: ShownDelivery): Delivery {
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

/**
 * Sends an endpoint an event that tells of nothing but itself, whatever it subscribes to.
 * @throws ApiError 404, 409 where it is disabled
 */
export async function sendTest(tx: TenantTransaction, organizationId: string, id: string): Promise<Delivery> {
  const webhook = await requireEnabled(tx, organizationId, id)
  const data = { webhookId: webhook.id, message: 'A test: your receiver is reached.' }
  const { deliveryId } = await emitTo(tx, organizationId, id, 'webhook.test', data)
  return show(tx, organizationId, deliveryId)
}

/**
 * Sends a delivery once more, now, whatever came of it.
 * @throws ApiError 404, 409 where its endpoint is disabled
 */
export async function redeliver(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
): Promise<Delivery> {
  const { webhookId } = await show(tx, organizationId, id)
  await requireEnabled(tx, organizationId, webhookId)
  await requeueDelivery(tx, organizationId, id)
  await signalEvents(tx, organizationId)
  return show(tx, organizationId, id)
}

/**
 * Sends an event once more to every endpoint that wants it now.
 * @returns how many those are
 * @throws ApiError 404
 */
export async function replayEvent(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
): Promise<{ deliveries: number }> {
  const [event] = await findEvent(tx, organizationId, id)
  if (!event) throw notFound('Event')
  const wanting = (await listWanting(tx, organizationId, event.type)).map((webhook) => webhook.id)
  const queued = await queue(tx, organizationId, id, wanting)
  await signalEvents(tx, organizationId)
  return { deliveries: queued.length }
}

/**
 * Sends an endpoint once more what has failed since a time.
 * @param since RFC 3339
 * @returns how many those are
 * @throws ApiError 404, 409 where it is disabled
 */
export async function replayFailed(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
  since: string,
): Promise<{ deliveries: number }> {
  await requireEnabled(tx, organizationId, id)
  const queued = await requeueFailed(tx, organizationId, id, since, MOST_REPLAYED)
  await signalEvents(tx, organizationId)
  return { deliveries: queued.length }
}

async function show(tx: TenantTransaction, organizationId: string, id: string): Promise<Delivery> {
  const [row] = await findDelivery(tx, organizationId, id)
  if (!row) throw notFound('Delivery')
  return presentDelivery(row)
}

/** @throws ApiError 404, 409 where the endpoint is disabled */
export async function requireEnabled(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
): Promise<WebhookRow> {
  const [row] = await findWebhook(tx, organizationId, id)
  if (!row) throw notFound('Webhook')
  if (row.disabledAt) {
    throw new ApiError('CONFLICT', 'The webhook is disabled', {
      hint: `Enable it first: PATCH /api/webhooks/${id} {"disabled":false}`,
    })
  }
  return row
}
