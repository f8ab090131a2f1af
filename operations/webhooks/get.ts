import Type from 'typebox'
import { findWebhook } from '../../db/queries/webhooks.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Webhook } from '../../schemas/webhooks.ts'
import { readOperation } from '../core/operation.ts'
import { serializeWebhook } from './serialize.ts'

/** Shows one webhook. */
export const getWebhook = readOperation({
  name: 'webhooks.get',
  summary: 'Get a webhook',
  description: 'Shows where the events go, whether it is enabled, and since when deliveries fail.',
  access: 'webhooks:read',
  input: Type.Object({ id: Id('whk') }),
  output: Webhook,
  async run({ read, organizationId, services }, { id }) {
    const [row] = await read((tx) => findWebhook(tx, organizationId, id))
    if (!row) throw notFound('Webhook')
    return serializeWebhook(services.encryptionKey, row)
  },
})
