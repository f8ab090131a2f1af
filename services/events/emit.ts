import type { Queryable } from '../../db/connect.ts'
import { insertEvent } from '../../db/queries/events.ts'
import type { EventType } from '../../schemas/events.ts'
import { newId } from '../../schemas/ids.ts'

/** How long an event can be asked for, in days. */
export const EVENTS_KEPT_DAYS = 30

/**
 * Tells an organization that something happened, when the transaction commits and not at all when it does not.
 * @param tx the transaction of what happened
 * @param data the object as the API shows it; never a secret
 */
export async function emit(
  tx: Queryable,
  organizationId: string,
  type: EventType,
  data: object,
): Promise<void> {
  await insertEvent(tx, { organizationId, id: newId('evt'), type, data: data as Record<string, unknown> })
}
