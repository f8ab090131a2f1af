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

/** An end that the server authenticated. */
export interface AuthenticatedHead extends ChainHead {
  /** The number of the newest anchor at that time. */
  readonly anchor: number
  /** In hexadecimal digits; null: nobody has vouched for this end. */
  readonly mac: string | null
}

/** Where a chain ended at an earlier time. */
export interface EarlierHead extends ChainHead {
  /** Who says so, e.g. `the earlier export`. */
  readonly source: string
}

/** What is wrong with a chain, and where. */
export interface ChainProblem {
  /** Null: with what is kept beside the chains. */
  readonly organizationId: string | null
  readonly sequence: number | null
  readonly problem: string
}

/** The problem of an end that carries another authentication than the server gives. */
export const FORGED_END = 'the end of the chain was forged: the server did not write it'
const UNAUTHENTICATED_END =
  'the end of the chain is not authenticated: a record was written past the server, or the end before it was forged'

/** Actions that a chain may begin with, or continue with after an operator has looked into it. */
const BEGINNINGS: readonly string[] = ['organization.created', 'audit.started', 'audit.accepted']

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
  readonly #earlier: readonly EarlierHead[]
  #head: ChainHead = { sequence: 0, hash: NOTHING_BEFORE }
  #first: string | null = null
  #began = false

  /** @param earlier where the chain ended at earlier times: those records must still be there, the same */
  constructor(organizationId: string, earlier: readonly EarlierHead[] = []) {
    this.#organizationId = organizationId
    this.#earlier = earlier
  }

  /** The last record that was handed in. */
  get head(): ChainHead {
    return this.#head
  }

  /** Takes the next record: a changed, removed, moved or inserted one is noted as a problem. */
  add(record: ChainRecord): void {
    const { sequence, previousHash, action } = record
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
    for (const earlier of this.#earlier) {
      if (earlier.sequence === sequence && earlier.hash !== record.hash) {
        this.#note(sequence, `is another record than ${earlier.source} ended with`)
      }
    }
    this.#first ??= action
    this.#began ||= BEGINNINGS.includes(action)
    this.#head = { sequence, hash: record.hash }
  }

  /** Notes a chain that does not begin with the organization's creation. */
  requireBeginning(): void {
    if (this.#first === null || this.#began) return
    this.#note(1, `is ${this.#first} and not the creation of the organization: what came before it is gone`)
  }

  /**
   * Compares the end of what was handed in with where the chain should end.
   * @param authentic whether the server vouched for that end; left out where there is no key to check it with
   */
  end(expected: AuthenticatedHead | null, authentic = true): void {
    const { sequence, hash } = this.#head
    for (const earlier of this.#earlier) {
      if (earlier.sequence > sequence)
        this.#note(earlier.sequence, `is gone: ${earlier.source} ended with it`)
    }
    if (!expected) {
      this.#note(sequence, sequence === 0 ? 'the chain is missing' : 'the end of the chain is not on record')
      return
    }
    if (expected.sequence > sequence) {
      this.#note(sequence, `the chain ends here and should end at record ${expected.sequence}`)
    } else if (expected.sequence !== sequence || expected.hash !== hash) {
      const end = `record ${expected.sequence} with the hash ${expected.hash.slice(0, 12)}…`
      this.#note(sequence, `the chain should end at ${end}`)
    }
    if (authentic) return
    this.#note(expected.sequence, expected.mac === null ? UNAUTHENTICATED_END : FORGED_END)
  }

  #note(sequence: number, problem: string): void {
    this.problems.push({ organizationId: this.#organizationId, sequence, problem })
  }
}
