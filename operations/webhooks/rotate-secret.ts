import Type from 'typebox'
import { updateSecrets, type WebhookRow } from '../../db/queries/webhooks.ts'
import { Id } from '../../schemas/ids.ts'
import { Strict } from '../../schemas/primitives.ts'
import { WebhookWithSecret } from '../../schemas/webhooks.ts'
import { writeOperation } from '../core/operation.ts'
import { lockedWebhook } from './find.ts'
import { serializeWebhook } from './serialize.ts'
import { newWebhookSecret, rotateSecrets, sealSecrets, unsealSecrets } from './signature.ts'

const DEFAULT_GRACE_HOURS = 24

/** Gives a webhook a new secret, shown this once. */
export const rotateWebhookSecret = writeOperation({
  name: 'webhooks.rotateSecret',
  summary: 'Rotate the secret of a webhook',
  description:
    'The answer shows the new secret once. Deliveries carry a signature with each of the two secrets until the grace ' +
    'is over, so that your receiver never refuses one.',
  access: 'webhooks:write',
  input: Strict({
    id: Id('whk'),
    graceHours: Type.Optional(Type.Integer({ minimum: 0, maximum: 720, default: DEFAULT_GRACE_HOURS })),
  }),
  output: WebhookWithSecret,
  example: { graceHours: 48 },
  async run(context, { id, graceHours = DEFAULT_GRACE_HOURS }) {
    const { tx, organizationId, services, audit } = context
    const { encryptionKey } = services
    const before = await lockedWebhook(context, id)
    const secret = newWebhookSecret()
    const known = unsealSecrets(encryptionKey, id, before.secrets)
    const secrets = rotateSecrets(known, secret, graceHours, before.now.getTime())
    const [row] = await updateSecrets(tx, organizationId, id, sealSecrets(encryptionKey, id, secrets))
    const changes = { graceHours }
    audit({ action: 'webhook.secret_rotated', targetType: 'webhook', targetId: id, changes })
    return { ...serializeWebhook(encryptionKey, row as WebhookRow), secret }
  },
})
