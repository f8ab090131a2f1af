import { createHmac, hkdfSync } from 'node:crypto'
import { type EncryptionKey, everyKey } from '../../credentials/encryption-key.ts'
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
  /** The current one first. */
  readonly #keys: readonly Buffer[]

  /** @param encryptionKey 32 bytes; what its previous one authenticated passes too */
  constructor(encryptionKey: EncryptionKey) {
    this.#keys = everyKey(encryptionKey).map((key) =>
      Buffer.from(hkdfSync('sha256', key, '', 'anteroom audit', 32)),
    )
  }

  /** @param anchor the number of the newest anchor at that time */
  macOfHead(organizationId: string, head: ChainHead, anchor: number): Buffer {
    return this.#macs(placesOfHead(organizationId, head, anchor))[0] as Buffer
  }

  /** Whether the server itself has vouched for this end. */
  isMacOfHead(mac: Buffer | null, organizationId: string, head: ChainHead, anchor: number): boolean {
    return mac !== null && this.#hasMac(mac, placesOfHead(organizationId, head, anchor))
  }

  /** @param text everything that the anchor says */
  macOfAnchor(text: string): Buffer {
    return this.#macs(placesOfAnchor(text))[0] as Buffer
  }

  /** Whether the server itself has written this anchor. */
  isMacOfAnchor(mac: Buffer, text: string): boolean {
    return this.#hasMac(mac, placesOfAnchor(text))
  }

  #hasMac(mac: Buffer, places: readonly string[]): boolean {
    return this.#macs(places).some((expected) => sameDigest(mac, expected))
  }

  #macs(places: readonly string[]): Buffer[] {
    const text = JSON.stringify(places)
    return this.#keys.map((key) => createHmac('sha256', key).update(text).digest())
  }
}

function placesOfHead(organizationId: string, { sequence, hash }: ChainHead, anchor: number): string[] {
  return ['anteroom-audit-head-1', organizationId, String(sequence), hash, String(anchor)]
}

function placesOfAnchor(text: string): string[] {
  return ['anteroom-audit-anchor-1', text]
}
