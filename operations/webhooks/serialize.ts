import type { WebhookRow } from '../../db/queries/webhooks.ts'
import type { Webhook } from '../../schemas/webhooks.ts'
import { unsealSecrets } from './signature.ts'

/**
 * A webhook as the API shows it.
 * @param key 32 bytes that seal its secrets
 */
export function serializeWebhook(key: Buffer, row: WebhookRow): Webhook {
  const [, previous] = unsealSecrets(key, row.id, row.secrets)
  const until = previous?.until ?? null
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: row.events,
    status: row.disabledAt ? 'disabled' : 'enabled',
    disabled: row.disabledAt !== null,
    disabledAt: row.disabledAt,
    disabledReason: row.disabledReason,
    failingSince: row.failingSince,
    pausedUntil: row.pausedUntil && row.pausedUntil > row.now ? row.pausedUntil : null,
    previousSecretUntil: until !== null && until > row.now.getTime() ? new Date(until) : null,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}
