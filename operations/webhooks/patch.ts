import { signalEvents } from '../../db/event-signal.ts'
import { setDisabled, updateWebhook, type WebhookRow } from '../../db/queries/webhooks.ts'
import { Id } from '../../schemas/ids.ts'
import { Strict } from '../../schemas/primitives.ts'
import { Webhook, WebhookPatch } from '../../schemas/webhooks.ts'
import { changesBetween } from '../audit/audit.ts'
import { writeOperation } from '../core/operation.ts'
import { withoutQuery } from './care.ts'
import { lockedWebhook } from './find.ts'
import { checkWebhookInput } from './input.ts'
import { serializeWebhook } from './serialize.ts'

/** Changes what the patch names. A webhook that is enabled again gets what has waited for it. */
export const patchWebhook = writeOperation({
  name: 'webhooks.update',
  summary: 'Change a webhook',
  description:
    'Changes the fields that you name. `disabled: true` stops deliveries; events wait for up to 30 days and are ' +
    'delivered once you enable the webhook again.',
  access: 'webhooks:write',
  input: Strict({ id: Id('whk'), ...WebhookPatch.properties }, { minProperties: 2 }),
  output: Webhook,
  example: { events: ['interview.*', 'invite.expired'] },
  async run(context, { id, ...patch }) {
    const { tx, organizationId, services, audit } = context
    checkWebhookInput(services.config, patch)
    const before = await lockedWebhook(context, id)
    const fields = {
      url: patch.url ?? before.url,
      events: patch.events ?? before.events,
      description: patch.description === undefined ? before.description : patch.description,
    }
    let [row] = await updateWebhook(tx, organizationId, id, fields)
    if (patch.disabled !== undefined && patch.disabled !== (before.disabledAt !== null)) {
      ;[row] = await setDisabled(tx, organizationId, id, patch.disabled ? 'request' : null)
      if (!patch.disabled) await signalEvents(tx, organizationId)
    }
    const shown = (webhook: WebhookRow) => serializeWebhook(services.encryptionKey, webhook)
    const after = shown(row as WebhookRow)
    const changes = changesBetween(audited(shown(before)), audited(after))
    audit({ action: 'webhook.changed', targetType: 'webhook', targetId: id, changes })
    return after
  },
})

function audited({ url, events, disabled }: Webhook) {
  return { url: withoutQuery(url), events, disabled }
}
