import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { type EncryptionKey, everyKey } from '../../credentials/encryption-key.ts'

/** How long a link to a file's content is good, in seconds. */
const LINK_SECONDS = 300

/**
 * Makes and checks links to the content of single files. A link lets whoever has it read one file for some minutes: it
 * stands for nobody, and opens nothing else.
 */
export class FileLinks {
  /** The current one first. */
  readonly #keys: readonly Buffer[]

  /** @param encryptionKey 32 bytes; links are signed with a key that is derived from it (HKDF, RFC 5869) */
  constructor(encryptionKey: EncryptionKey, environment: string) {
    this.#keys = everyKey(encryptionKey).map((key) =>
      Buffer.from(hkdfSync('sha256', key, '', `anteroom file links ${environment}`, 32)),
    )
  }

  /**
   * The link's query string.
   * @param now milliseconds since 1970
   */
  sign(fileId: string, now = Date.now()): { query: string; expiresAt: Date } {
    const expires = Math.floor(now / 1000) + LINK_SECONDS
    const query = new URLSearchParams({
      expires: String(expires),
      signature: this.#signatures(fileId, expires)[0]?.toString('base64url') ?? '',
    })
    return { query: query.toString(), expiresAt: new Date(expires * 1000) }
  }

  /** Whether a link was made here, for this file, and is still good. */
  verify(fileId: string, expires: number, signature: string, now = Date.now()): boolean {
    const given = Buffer.from(signature, 'base64url')
    // Of several texts for the same bytes one is the signature: an altered link is refused, however altered.
    const isWhole = given.toString('base64url') === signature
    const isOurs = this.#signatures(fileId, expires).some(
      (expected) => given.length === expected.length && timingSafeEqual(given, expected),
    )
    return isWhole && isOurs && expires * 1000 > now
  }

  #signatures(fileId: string, expires: number): Buffer[] {
    return this.#keys.map((key) => createHmac('sha256', key).update(`${fileId} ${expires}`).digest())
  }
}
