import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** How long a link to a file's content is good, in seconds. */
const LINK_SECONDS = 300

/**
 * Makes and checks links to the content of single files. A link lets whoever has it read one file for some minutes: it
 * stands for nobody, and opens nothing else.
 */
export class FileLinks {
  readonly #key: Buffer

  /** @param encryptionKey 32 bytes; links are signed with a key that is derived from it (HKDF, RFC 5869) */
  constructor(encryptionKey: Buffer, environment: string) {
    this.#key = Buffer.from(hkdfSync('sha256', encryptionKey, '', `anteroom file links ${environment}`, 32))
  }

  /**
   * The link's query string.
   * @param now milliseconds since 1970
   */
  sign(fileId: string, now = Date.now()): { query: string; expiresAt: Date } {
    const expires = Math.floor(now / 1000) + LINK_SECONDS
    const query = new URLSearchParams({
      expires: String(expires),
      signature: this.#signature(fileId, expires).toString('base64url'),
    })
    return { query: query.toString(), expiresAt: new Date(expires * 1000) }
  }

  /** Whether a link was made here, for this file, and is still good. */
  verify(fileId: string, expires: number, signature: string, now = Date.now()): boolean {
    const expected = this.#signature(fileId, expires)
    const given = Buffer.from(signature, 'base64url')
    // Of several texts for the same bytes one is the signature: an altered link is refused, however altered.
    const whole = given.length === expected.length && given.toString('base64url') === signature
    return whole && timingSafeEqual(given, expected) && expires * 1000 > now
  }

  #signature(fileId: string, expires: number): Buffer {
    return createHmac('sha256', this.#key).update(`${fileId} ${expires}`).digest()
  }
}
