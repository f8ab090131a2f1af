import { createHmac, hkdfSync } from 'node:crypto'
import { sameDigest } from '../../credentials/secret.ts'
import type { ChainHead } from './chain.ts'

declare module '../core/services.ts' {
  interface Services {
    /** Authenticates the ends of audit chains. */
    readonly auditKey: AuditKey
  }
}

/**
 * Authenticates the ends of audit chains and their anchors (HMAC-SHA-256). The key is derived from `ENCRYPTION_KEY`
 * and never leaves the process: whoever holds the database alone cannot make an end that passes.
 */
export class AuditKey {
  readonly #key: Buffer

  /** @param encryptionKey 32 bytes */
  constructor(encryptionKey: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', encryptionKey, '', 'anteroom audit', 32))
  }

  /** @param anchor the number of the newest anchor at that time */
  macOfHead(organizationId: string, { sequence, hash }: ChainHead, anchor: number): Buffer {
    return this.#mac(['anteroom-audit-head-1', organizationId, String(sequence), hash, String(anchor)])
  }

  /** Whether the server itself has vouched for this end. */
  isMacOfHead(mac: Buffer | null, organizationId: string, head: ChainHead, anchor: number): boolean {
    return mac !== null && sameDigest(mac, this.macOfHead(organizationId, head, anchor))
  }

  /** @param text everything that the anchor says */
  macOfAnchor(text: string): Buffer {
    return this.#mac(['anteroom-audit-anchor-1', text])
  }

  /** Whether the server itself has written this anchor. */
  isMacOfAnchor(mac: Buffer, text: string): boolean {
    return sameDigest(mac, this.macOfAnchor(text))
  }

  #mac(places: readonly string[]): Buffer {
    return createHmac('sha256', this.#key).update(JSON.stringify(places)).digest()
  }
}
