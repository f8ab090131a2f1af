import type { Config } from '../../config/config.ts'
import { containsCredential } from '../../credentials/format.ts'
import { badRequest } from '../../schemas/errors.ts'
import type { WebhookPatch } from '../../schemas/webhooks.ts'
import { targetRules } from './targets.ts'

/**
 * Refuses a URL that webhooks may not reach, and texts that contain a credential.
 * @throws ApiError 400
 */
export function checkWebhookInput(config: Config, { url, description }: WebhookPatch): void {
  const rules = targetRules(config.environment.name, config.webhookAllowedTargets)
  const refusal = url === undefined ? null : rules.refusalOf(url)
  if (refusal !== null) throw badRequest('body.url', refusal)
  for (const [name, text] of Object.entries({ url, description })) {
    if (text && containsCredential(text))
      throw badRequest(`body.${name}`, 'contains a credential: leave it out')
  }
}
