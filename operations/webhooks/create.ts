import { insertWebhook, type WebhookRow } from '../../db/queries/webhooks.ts'
import { newId } from '../../schemas/ids.ts'
import { WebhookCreate, WebhookWithSecret } from '../../schemas/webhooks.ts'
import { writeOperation } from '../core/operation.ts'
import { takeRoom } from '../plans/room.ts'
import { withoutQuery } from './care.ts'
import { checkWebhookInput } from './input.ts'
import { serializeWebhook } from './serialize.ts'
import { newWebhookSecret, sealSecrets } from './signature.ts'

/** Creates a webhook and shows its secret, this once. */
export const createWebhook = writeOperation({
  name: 'webhooks.create',
  summary: 'Create a webhook',
  description:
    'Anteroom sends the events that you name to the URL, signed as [Standard Webhooks](https://www.standardwebhooks.com) ' +
    'describes. The answer shows the `secret` that verifies them. You cannot see it again. `*` stands for all events, ' +
    '`interview.*` for those of interviews.',
  access: 'webhooks:write',
  input: WebhookCreate,
  output: WebhookWithSecret,
  example: { url: 'https://hooks.example.com/anteroom', events: ['interview.completed'] },
  async run({ tx, organizationId, services, audit }, body) {
    const { config, encryptionKey } = services
    checkWebhookInput(config, body)
    await takeRoom(tx, config.environment.name, organizationId, 'webhooks')
    const id = newId('whk')
    const secret = newWebhookSecret()
    const fields = { url: body.url, events: body.events, description: body.description ?? null }
    const sealed = sealSecrets(encryptionKey, id, [{ secret, until: null }])
    const [row] = await insertWebhook(tx, organizationId, id, fields, sealed)
    audit({
      action: 'webhook.created',
      targetType: 'webhook',
      targetId: id,
      changes: { url: withoutQuery(body.url), events: body.events },
    })
    return { ...serializeWebhook(encryptionKey, row as WebhookRow), secret }
  },
})
