import { canonicalJson } from '../canonical.ts'
import type { ChainHead } from '../chain.ts'
import type { AuditKey } from '../key.ts'

/** Where a chain ended when the anchor was made. */
export interface AnchoredHead extends ChainHead {
  readonly organizationId: string
  /** An operator has looked into the chain and accepts this end, whatever earlier anchors say. */
  readonly accepted?: true
}

/** Where chains ended at a time, kept apart from the database. */
export interface Anchor {
  /** 1, 2, 3 … without a gap. */
  readonly number: number
  /** RFC 3339, by the database's clock. */
  readonly at: string
  /** Whether it names every chain, or those alone that have changed since the anchor before. */
  readonly whole: boolean
  readonly heads: readonly AnchoredHead[]
  /** What was wrong with earlier anchors, until an operator accepts it. */
  readonly problems: readonly string[]
  /** Why an operator accepted that earlier anchors are missing or were changed. */
  readonly accepted?: string
}

/** An anchor as a file or a log stream holds it: JSON with the server's authentication beside it. */
export function writeAnchor(anchor: Anchor, key: AuditKey): string {
  const mac = key.macOfAnchor(canonicalJson(anchor)).toString('hex')
  return `${JSON.stringify({ anchor, mac })}\n`
}

/** The anchor of a text, or null where the server did not write that text. */
export function readAnchor(text: string, key: AuditKey): Anchor | null {
  const { anchor, mac } = parse(text)
  if (typeof mac !== 'string' || typeof anchor !== 'object') return null
  return key.isMacOfAnchor(Buffer.from(mac, 'hex'), canonicalJson(anchor)) ? (anchor as Anchor) : null
}

function parse(text: string): { anchor?: unknown; mac?: unknown } {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
