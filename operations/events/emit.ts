import type { Queryable } from '../../db/connect.ts'
import { queueDeliveries } from '../../db/queries/deliveries.ts'
import { insertEvent } from '../../db/queries/events.ts'
import type { EventType } from '../../schemas/events.ts'
import { newId } from '../../schemas/ids.ts'

/** How long an event can be asked for, in days. */
export const EVENTS_KEPT_DAYS = 30

/**
 * Tells an organization that something happened, when the transaction commits and not at all when it does not. What
 * is to be delivered to its endpoints is written in the same transaction: there is no moment at which a process could
 * die and leave an event without its deliveries.
 * @param tx the transaction of what happened
 * @param data the object as the API shows it; never a secret
 * @returns the event's id
 */
export async function emit(
  tx: Queryable,
  organizationId: string,
  type: EventType,
  data: object,
): Promise<string> {
  const id = newId('evt')
  const wanted = await insertEvent(tx, { organizationId, id, type, data: data as Record<string, unknown> })
  await queue(tx, organizationId, id, wanted)
  return id
}

/** An event as an operation reports it. */
export interface Emission {
  readonly organizationId: string
  readonly id: string
  readonly type: EventType
  readonly data: object
  /** The one delivery to make; unset: one for each webhook that wants the event. */
  readonly target?: { readonly id: string; readonly webhookId: string }
}

/** Writes an event and its deliveries in the transaction of what happened. */
export async function writeEvent(tx: Queryable, event: Emission): Promise<void> {
  const { organizationId, id, type, target } = event
  const wanted = await insertEvent(tx, {
    organizationId,
    id,
    type,
    data: event.data as Record<string, unknown>,
  })
  if (target) await queueDeliveries(tx, organizationId, id, [target])
  else await queue(tx, organizationId, id, wanted)
}

/** Puts an event into the queue of endpoints, once more where they had it. @returns the deliveries' ids */
export async function queue(
  tx: Queryable,
  organizationId: string,
  eventId: string,
  webhookIds: readonly string[],
): Promise<string[]> {
  if (webhookIds.length === 0) return []
  const targets = webhookIds.map((webhookId) => ({ id: newId('dlv'), webhookId }))
  return (await queueDeliveries(tx, organizationId, eventId, targets)).map(({ id }) => id)
}
