import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { type EncryptionKey, everyKey } from './encryption-key.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const VERSION = 1

/**
 * Encrypts what must be read again (webhook and TOTP secrets, an idempotent response that shows a key) with
 * AES-256-GCM.
 * @param key 32 bytes, the configured ENCRYPTION_KEY
 * @param context what the value belongs to, e.g. a table and an id: a sealed value moved elsewhere won't open
 */
export function seal(key: Buffer, context: string, text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), body])
}

/**
 * Opens what `seal` closed.
 * @param key of which the previous one is tried too
 * @throws Error when the key or the context is another one, or a byte was changed
 */
export function unseal(key: EncryptionKey, context: string, sealed: Buffer): string {
  if (sealed[0] !== VERSION) throw new Error('sealed value of an unknown version')
  const [current, previous] = everyKey(key) as [Buffer, Buffer?]
  if (!previous) return open(current, context, sealed)
  try {
    return open(current, context, sealed)
  } catch {
    return open(previous, context, sealed)
  }
}

function open(key: Buffer, context: string, sealed: Buffer): string {
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES)
  const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(context))
    .setAuthTag(tag)
  return Buffer.concat([
    decipher.update(sealed.subarray(1 + NONCE_BYTES + TAG_BYTES)),
    decipher.final(),
  ]).toString()
}
