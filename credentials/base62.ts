import { randomFillSync } from 'node:crypto'

/** Digits, capitals, small letters: the order in which the checksum counts. */
export const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

// The largest multiple of 62 in a byte: what lies above would favour the first letters of the alphabet.
const UNBIASED = 248

/**
 * A random base62 text from the system's CSPRNG, each character equally likely.
 * @param length in characters
 */
export function randomBase62(length: number): string {
  const pool = Buffer.allocUnsafe(length * 2)
  let text = ''
  while (text.length < length) {
    randomFillSync(pool)
    for (const byte of pool) {
      if (byte < UNBIASED && text.length < length) text += BASE62[byte % 62]
    }
  }
  return text
}

/**
 * A whole number in base62, left-padded with `0`.
 * @param length in characters
 */
export function encodeBase62(value: number, length: number): string {
  let text = ''
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = BASE62[rest % 62] + text
  return text.padStart(length, '0')
}

const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A random text for people to write down, in Crockford's base32: no letter that looks like a digit.
 * @param length in characters of 5 bits
 */
export function randomCode(length: number): string {
  const bytes = randomFillSync(Buffer.allocUnsafe(length))
  return Array.from(bytes, (byte) => BASE32[byte & 31]).join('')
}
