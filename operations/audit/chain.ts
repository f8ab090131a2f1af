import { createHash } from 'node:crypto'
import type { AuditRow } from '../../db/queries/audit.ts'

const VERSION = 'anteroom-audit-1'
const NOTHING_BEFORE = '00'.repeat(32)

/** A record as an export holds it and the API shows it, but for its changes, which stay text here: the hash is over it. */
export interface ChainRecord extends Omit<AuditRow, 'at' | 'previousHash' | 'hash'> {
  readonly at: string
  /** In hexadecimal digits. */
  readonly previousHash: string
  readonly hash: string
}

/** Where a chain ends. */
export interface ChainHead {
  readonly sequence: number
  readonly hash: string
}

/** What is wrong with a chain, and where. */
export interface ChainProblem {
  readonly organizationId: string
  readonly sequence: number
  readonly problem: string
}

/** A stored record as the chain reads it. */
export function chainRecord(row: AuditRow): ChainRecord {
  return {
    ...row,
    at: row.at.toISOString(),
    previousHash: row.previousHash.toString('hex'),
    hash: row.hash.toString('hex'),
  }
}

/**
 * The SHA-256 of a record, in hexadecimal digits: over the JSON array (RFC 8785 form, UTF-8) of its places as text. The
 * database's `append_audit` computes the same: `docs/audit.md` has the list.
 */
function hashRecord(record: ChainRecord): string {
  const places = [
    VERSION,
    record.organizationId,
    String(record.sequence),
    record.id,
    record.at,
    record.actorType,
    record.userId,
    record.credentialId,
    record.action,
    record.targetType,
    record.targetId,
    record.ip,
    record.userAgent,
    record.requestId,
    record.changes,
    record.previousHash,
  ]
  return createHash('sha256').update(JSON.stringify(places)).digest('hex')
}

/** Checks one organization's chain, record by record in the order in which they are handed in. */
export class ChainCheck {
  readonly problems: ChainProblem[] = []
  readonly #organizationId: string
  readonly #anchor: ChainHead | null
  #head: ChainHead = { sequence: 0, hash: NOTHING_BEFORE }
  #anchored = false

  /** @param anchor where the chain ended at an earlier time: that record must still be there, the same */
  constructor(organizationId: string, anchor: ChainHead | null = null) {
    this.#organizationId = organizationId
    this.#anchor = anchor
  }

  /** The last record that was handed in. */
  get head(): ChainHead {
    return this.#head
  }

  /** Takes the next record: a changed, removed, moved or inserted one is noted as a problem. */
  add(record: ChainRecord): void {
    const { sequence, previousHash } = record
    const expected = this.#head.sequence + 1
    if (sequence > expected) {
      const missing =
        sequence - expected === 1 ? `record ${expected} is` : `records ${expected}–${sequence - 1} are`
      this.#note(sequence, `${missing} missing before it`)
    } else if (sequence < expected) {
      this.#note(sequence, `stands after record ${this.#head.sequence}`)
    }
    if (previousHash !== this.#head.hash && sequence === expected) {
      this.#note(sequence, 'does not carry the hash of the record before')
    }
    if (hashRecord(record) !== record.hash) this.#note(sequence, 'was changed: its hash is of other content')
    if (sequence === this.#anchor?.sequence) {
      this.#anchored = true
      if (record.hash !== this.#anchor.hash)
        this.#note(sequence, 'is another record than the earlier export ended with')
    }
    this.#head = { sequence, hash: record.hash }
  }

  /** Compares the end of what was handed in with where the chain should end. */
  end(expected: ChainHead | null): void {
    const { sequence, hash } = this.#head
    if (this.#anchor && !this.#anchored) {
      this.#note(this.#anchor.sequence, 'is gone: an earlier export ended with it')
    }
    if (expected?.sequence === sequence && expected.hash === hash) return
    if (!expected) {
      this.#note(sequence, 'the end of the chain is not on record')
      return
    }
    const problem =
      expected.sequence > sequence
        ? `the chain ends here and should end at record ${expected.sequence}`
        : `the chain should end at record ${expected.sequence} with the hash ${expected.hash.slice(0, 12)}…`
    this.#note(sequence, problem)
  }

  #note(sequence: number, problem: string): void {
    this.problems.push({ organizationId: this.#organizationId, sequence, problem })
  }
}
