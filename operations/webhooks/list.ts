import { listWebhooks as selectWebhooks } from '../../db/queries/webhooks.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { Webhook } from '../../schemas/webhooks.ts'
import { readOperation } from '../core/operation.ts'
import { serializeWebhook } from './serialize.ts'

/** Lists webhooks, newest first. */
export const listWebhooks = readOperation({
  name: 'webhooks.list',
  summary: 'List webhooks',
  description: 'Lists the webhooks of the organization, newest first.',
  access: 'webhooks:read',
  input: Strict(pageQuery),
  output: Page('webhooks', Webhook),
  example: { limit: 20 },
  async run({ read, organizationId, services }, query) {
    const page = readPage(query, 'whk')
    const rows = await read((tx) => selectWebhooks(tx, organizationId, page))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { webhooks: items.map((row) => serializeWebhook(services.encryptionKey, row)), nextCursor }
  },
})
