import Type from 'typebox'
import { deleteWebhook as removeWebhook } from '../../db/queries/webhooks.ts'
import { Id } from '../../schemas/ids.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { withoutQuery } from './care.ts'
import { lockedWebhook } from './find.ts'

/** Deletes a webhook with what waits for it. */
export const deleteWebhook = writeOperation({
  name: 'webhooks.delete',
  summary: 'Delete a webhook',
  description: 'Deletes the webhook and the deliveries that wait for it.',
  access: 'webhooks:write',
  input: Type.Object({ id: Id('whk') }),
  output: NoContent,
  async run(context, { id }) {
    const { tx, organizationId, audit } = context
    const { url } = await lockedWebhook(context, id)
    await removeWebhook(tx, organizationId, id)
    const changes = { url: withoutQuery(url) }
    audit({ action: 'webhook.deleted', targetType: 'webhook', targetId: id, changes })
    return null
  },
})
