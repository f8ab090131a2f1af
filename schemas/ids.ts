import { randomFillSync } from 'node:crypto'
import Type from 'typebox'
import { v7 } from 'uuid'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const LENGTH = 26

/** The type prefixes of ids, and what each is the id of. */
const nouns = {
  org: 'an organization',
  usr: 'a user',
  ses: 'a session',
  key: 'a key',
  cmp: 'a campaign',
  cnd: 'a candidate',
  inv: 'an invite',
  int: 'an interview',
  whk: 'a webhook',
  evt: 'an event',
  dlv: 'a delivery',
  req: 'a request',
  rep: 'a report',
  app: 'an app',
  aud: 'an audit record',
  minv: 'an invitation',
  blk: 'a file of candidates to invite',
  file: 'a file',
}

export type IdPrefix = keyof typeof nouns

/**
 * A new id: its type's prefix and a UUID version 7 (RFC 9562) in Crockford's base32, as the TypeID
 * specification writes it: ids of one type sort by the time they were made.
 */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${encode(nextUuid())}`
}

/** The schema of an id with that prefix. */
export function Id(prefix: IdPrefix, description = `The id of ${nouns[prefix]}`) {
  return Type.String({
    pattern: idPattern(prefix),
    description,
    examples: [`${prefix}_01jd8m3k5ve2pt7c9x4hw6qa0z`],
  })
}

/** The pattern of an id with that prefix, for schemas. */
function idPattern(prefix: IdPrefix): string {
  return `^${prefix}_[0-7][${ALPHABET}]{${LENGTH - 1}}$`
}

// Every request makes an id. The random bits are drawn from the system in blocks, as one call for each id would
// cost more than the rest of it; the counter keeps ids of one millisecond in order (RFC 9562, 6.2 method 1).
const UUID_BYTES = 16
const pool = new Uint8Array(UUID_BYTES * 256)
const uuid = new Uint8Array(UUID_BYTES)
let poolOffset = pool.length
let msecs = 0
let seq = 0

function nextUuid(): Uint8Array {
  if (poolOffset === pool.length) {
    randomFillSync(pool)
    poolOffset = 0
  }
  const random = pool.subarray(poolOffset, poolOffset + UUID_BYTES)
  poolOffset += UUID_BYTES
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    // The uppermost bit stays clear, so that there is room to count up within the millisecond.
    seq =
      (((random[0] ?? 0) & 0x7f) << 24) |
      ((random[1] ?? 0) << 16) |
      ((random[2] ?? 0) << 8) |
      (random[3] ?? 0)
  } else {
    seq += 1
  }
  return v7({ random, msecs, seq }, uuid)
}

// 128 bits read as 26 digits of 5 bits, two at a time; the first digit holds the uppermost 3.
const PAIR_BITS = 10
const pairs = Array.from(ALPHABET, (high) => Array.from(ALPHABET, (low) => high + low)).flat()

function encode(source: Uint8Array): string {
  let text = ''
  let buffer = 0
  let bits = 2
  for (const byte of source) {
    buffer = ((buffer << 8) | byte) & 0x3ffff
    bits += 8
    if (bits >= PAIR_BITS) {
      bits -= PAIR_BITS
      text += pairs[(buffer >> bits) & 0x3ff]
    }
  }
  return text
}
