import Type from 'typebox'
import { signalEvents } from '../../db/event-signal.ts'
import { findDelivery, requeueDelivery } from '../../db/queries/deliveries.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Delivery } from '../../schemas/webhooks.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { lockedEnabledWebhook } from '../webhooks/find.ts'
import { serializeDelivery } from './serialize.ts'

/** Sends a delivery once more, now, whatever its outcome was. */
export const redeliver = writeOperation({
  name: 'deliveries.redeliver',
  summary: 'Send a delivery again',
  description: 'Sends the delivery once more, now, whatever its outcome was. The event id stays the same.',
  access: 'webhooks:write',
  input: Type.Object({ id: Id('dlv') }),
  output: Delivery,
  async run(context, { id }) {
    const { tx, organizationId } = context
    const { webhookId } = await current(context, id)
    await lockedEnabledWebhook(context, webhookId)
    await requeueDelivery(tx, organizationId, id)
    await signalEvents(tx, organizationId)
    return current(context, id)
  },
})

async function current({ tx, organizationId }: WriteContext, id: string): Promise<Delivery> {
  const [row] = await findDelivery(tx, organizationId, id)
  if (!row) throw notFound('Delivery')
  return serializeDelivery(row)
}
