import { listDeliveries as selectDeliveries } from '../../db/queries/deliveries.ts'
import { findWebhook } from '../../db/queries/webhooks.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { Delivery } from '../../schemas/webhooks.ts'
import { readOperation } from '../core/operation.ts'
import { serializeDelivery } from './serialize.ts'

/** Lists the deliveries of a webhook, newest first. */
export const listDeliveries = readOperation({
  name: 'deliveries.list',
  summary: 'List the deliveries of a webhook',
  description:
    'Lists what was sent to the webhook, newest first, with each attempt, its status, and the first 1,024 bytes of ' +
    "the receiver's answer.",
  access: 'webhooks:read',
  input: Strict({ id: Id('whk'), ...pageQuery }),
  output: Page('deliveries', Delivery),
  example: { limit: 20 },
  async run({ read, organizationId }, { id, ...query }) {
    const page = readPage(query, 'dlv')
    const [[webhook], rows] = await Promise.all([
      read((tx) => findWebhook(tx, organizationId, id)),
      read((tx) => selectDeliveries(tx, organizationId, id, page)),
    ])
    if (!webhook) throw notFound('Webhook')
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { deliveries: items.map(serializeDelivery), nextCursor }
  },
})
