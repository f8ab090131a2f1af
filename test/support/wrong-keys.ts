import { crc32 } from 'node:zlib'
import { encodeBase62, randomBase62 } from '../../credentials/base62.ts'
import { displayPrefix, generateCredential, parseCredential } from '../../credentials/format.ts'

/** A key of the sandbox that nobody made, its checksum right. */
export function inventedKey(): string {
  return generateCredential('sk_dev_').text
}

/** A key's text with its id, another secret, and a checksum that is right. */
export function withWrongSecret(key: string): string {
  const parsed = parseCredential(key)
  if (!parsed) throw new Error('no key')
  const payload = displayPrefix(parsed) + randomBase62(32)
  return payload + encodeBase62(crc32(payload), 6)
}
