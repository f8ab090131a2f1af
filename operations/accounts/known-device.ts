import { createHmac } from 'node:crypto'
import { randomBase62 } from '../../credentials/base62.ts'
import { sameDigest } from '../../credentials/secret.ts'

const NONCE_LENGTH = 22

/** How long a device is known, in seconds. */
export const DEVICE_SECONDS = 90 * 86_400

/**
 * A mark for a device on which someone logged in to an account: log-ins that show it are braked apart from all others,
 * so that guessers elsewhere don't slow the owner down. It opens nothing.
 * @param key 32 bytes, ENCRYPTION_KEY
 */
export function markDevice(key: Buffer, email: string): string {
  const nonce = randomBase62(NONCE_LENGTH)
  return `${nonce}.${macOf(key, email, nonce).toString('base64url')}`
}

/** The nonce of a mark that was made for this account; null for anything else. */
export function readDevice(key: Buffer, email: string, mark: string | null): string | null {
  const [nonce = '', mac = ''] = mark?.split('.') ?? []
  if (nonce.length !== NONCE_LENGTH) return null
  return sameDigest(macOf(key, email, nonce), Buffer.from(mac, 'base64url')) ? nonce : null
}

function macOf(key: Buffer, email: string, nonce: string): Buffer {
  return createHmac('sha256', key).update(`device ${nonce} ${email.toLowerCase()}`).digest()
}
