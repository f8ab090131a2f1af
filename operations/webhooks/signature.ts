import { createHmac, randomBytes } from 'node:crypto'
import { seal, unseal } from '../../credentials/seal.ts'

const PREFIX = 'whsec_'
const SECRET_BYTES = 32
/** How many secrets an endpoint may have at once: whoever rotates faster ends the oldest. */
const MOST_SECRETS = 5
const HOUR_MS = 3_600_000

/** A secret of an endpoint; a replaced one has an end. */
export interface WebhookSecret {
  readonly secret: string
  /** Milliseconds since 1970; null: the current one. */
  readonly until: number | null
}

/** A new secret as Standard Webhooks writes it: `whsec_` and base64 of 32 bytes from a CSPRNG. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64')
}

/**
 * The secrets after a rotation, the new one first.
 * @param graceHours how long those before it live on; 0: not at all
 * @param now milliseconds since 1970
 */
export function rotateSecrets(
  secrets: readonly WebhookSecret[],
  secret: string,
  graceHours: number,
  now: number,
): WebhookSecret[] {
  const end = now + graceHours * HOUR_MS
  const replaced = secrets.map((old) => ({ ...old, until: Math.min(old.until ?? end, end) }))
  return [{ secret, until: null }, ...liveSecrets(replaced, now)].slice(0, MOST_SECRETS)
}

/**
 * Those that have not come to their end.
 * @param now the organization's time, in milliseconds since 1970
 */
export function liveSecrets(secrets: readonly WebhookSecret[], now: number): WebhookSecret[] {
  return secrets.filter(({ until }) => until === null || until > now)
}

/**
 * Seals an endpoint's secrets for the database.
 * @param key 32 bytes
 */
export function sealSecrets(key: Buffer, webhookId: string, secrets: readonly WebhookSecret[]): Buffer {
  return seal(key, `webhook ${webhookId}`, JSON.stringify(secrets))
}

/** @throws Error where ENCRYPTION_KEY is not the one that they were sealed with */
export function unsealSecrets(key: Buffer, webhookId: string, sealed: Buffer): WebhookSecret[] {
  return JSON.parse(unseal(key, `webhook ${webhookId}`, sealed)) as WebhookSecret[]
}

/**
 * The headers of a message by Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, one signature for each
 * secret that lives.
 * @param body the very bytes that are sent
 * @param now milliseconds since 1970
 */
export function signatureHeaders(
  id: string,
  body: Buffer,
  secrets: readonly WebhookSecret[],
  now: number,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(now / 1000))
  const signatures = liveSecrets(secrets, now).map(({ secret }) => {
    const hmac = createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
    return `v1,${hmac.update(`${id}.${timestamp}.`).update(body).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
