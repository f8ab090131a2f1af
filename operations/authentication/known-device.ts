import { createHmac } from 'node:crypto'
import { randomBase62 } from '../../credentials/base62.ts'
import { type EncryptionKey, everyKey } from '../../credentials/encryption-key.ts'
import { sameDigest } from '../../credentials/secret.ts'

const NONCE_LENGTH = 22
const MARK = /^([0-9a-zA-Z]{22})\.([0-9]{1,12})\.([\w-]{43})$/

/** How long a device is known, in seconds. */
export const DEVICE_SECONDS = 90 * 86_400

/**
 * A mark for a device on which someone logged in to an account: log-ins that show it are throttled apart from all others,
 * so that guessers elsewhere don't slow the owner down. It opens nothing.
 * @param key 32 bytes, ENCRYPTION_KEY
 * @param now in milliseconds since 1970
 */
export function markDevice(key: Buffer, email: string, now: number): string {
  const signed = `${randomBase62(NONCE_LENGTH)}.${Math.floor(now / 1000) + DEVICE_SECONDS}`
  return `${signed}.${macOf(key, email, signed).toString('base64url')}`
}

/** The nonce of a mark that was made for this account and has not expired; null for anything else. */
export function readDevice(
  key: EncryptionKey,
  email: string,
  mark: string | null,
  now: number,
): string | null {
  const [, nonce = '', end = '', mac = ''] = MARK.exec(mark ?? '') ?? []
  if (Number(end) * 1000 <= now) return null
  const given = Buffer.from(mac, 'base64url')
  const isOurs = everyKey(key).some((one) => sameDigest(macOf(one, email, `${nonce}.${end}`), given))
  return isOurs ? nonce : null
}

function macOf(key: Buffer, email: string, signed: string): Buffer {
  return createHmac('sha256', key).update(`device ${signed} ${email.toLowerCase()}`).digest()
}
