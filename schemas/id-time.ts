import type { IdPrefix } from './ids.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const TIME_DIGITS = 10
const BITS = 5

const digitValue = new Uint8Array(128)
for (const [value, digit] of [...ALPHABET].entries()) digitValue[digit.charCodeAt(0)] = value

/**
 * When an id was made: the 48 bits that a UUID version 7 begins with (RFC 9562, 5.7).
 * @returns milliseconds since 1970
 */
export function idTime(id: string): number {
  const start = id.indexOf('_') + 1
  let time = 0
  for (let index = start; index < start + TIME_DIGITS; index += 1) {
    // 48 bits are more than the bit operators hold.
    time = time * 32 + (digitValue[id.charCodeAt(index) & 127] as number)
  }
  return time
}

/**
 * The smallest id of a point in time: every id made then or later sorts after it, every earlier one before.
 * @param at milliseconds since 1970
 */
export function idFloor(prefix: IdPrefix, at: number): string {
  let rest = Math.max(0, Math.min(at, 2 ** 48 - 1))
  let digits = ''
  for (let index = 0; index < TIME_DIGITS; index += 1) {
    digits = ALPHABET[rest % 2 ** BITS] + digits
    rest = Math.floor(rest / 2 ** BITS)
  }
  return `${prefix}_${digits}`
}
