import { findEnabledWebhook } from '../../db/queries/webhooks.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { ApiError } from '../../schemas/errors.ts'
import { presentEvent } from '../events/present.ts'
import { enabledWebhook } from '../webhooks/find.ts'
import type { Outcome, Sender } from '../webhooks/send.ts'
import { newWebhookSecret, signatureHeaders, unsealSecrets } from '../webhooks/signature.ts'
import type { DrillMessage, Receiver } from './drill.ts'

const OLD_MS = 10 * 60_000

/**
 * The receiver of an endpoint, as drills reach it: what they send is in no list of events or deliveries.
 * @param encryptionKey 32 bytes
 * @param webhookId null: the newest endpoint that is enabled
 * @throws ApiError 404, 409 where it is disabled or there is none
 */
export async function drilledReceiver(
  tx: TenantTransaction,
  organizationId: string,
  sender: Sender,
  encryptionKey: Buffer,
  webhookId: string | null,
): Promise<Receiver> {
  const webhook = webhookId
    ? await enabledWebhook({ tx, organizationId }, webhookId)
    : (await findEnabledWebhook(tx, organizationId))[0]
  if (!webhook) {
    throw new ApiError('CONFLICT', 'There is no enabled webhook to drill', {
      hint: 'Make one that leads to the receiver: POST /api/webhooks',
    })
  }
  const secrets = unsealSecrets(encryptionKey, webhook.id, webhook.secrets)
  return {
    url: webhook.url,
    async send({ fault, ...event }: DrillMessage): Promise<Outcome> {
      const body = Buffer.from(JSON.stringify(presentEvent({ ...event, type: 'webhook.test' })))
      const now = Date.now() - (fault === 'old timestamp' ? OLD_MS : 0)
      const signers = fault === 'foreign secret' ? [{ secret: newWebhookSecret(), until: null }] : secrets
      const headers = signatureHeaders(event.id, body, signers, now)
      const sent =
        fault === 'changed body'
          ? Buffer.from(body.toString().replace('"data":{', '"data":{"forged":true,'))
          : body
      const outcome = await sender.sendSigned(webhook.url, { id: event.id, body: sent }, headers)
      if (!outcome) throw new ApiError('UNAVAILABLE', 'This server is stopping')
      return outcome
    },
  }
}
