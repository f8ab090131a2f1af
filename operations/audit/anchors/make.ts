import type { Database } from '../../../db/connect.ts'
import {
  type AuditHead,
  listAuditHeads,
  listChangedHeads,
  noteAnchor,
  readAuditHashes,
  readNewestAnchor,
} from '../../../db/queries/audit.ts'
import type { AuditKey } from '../key.ts'
import { type AnchoredHead, writeAnchor } from './anchor.ts'
import { type AnchorBook, readBook } from './book.ts'
import type { AnchorStore, AnchorTarget } from './store.ts'

/** After so many anchors one names every chain again, and old ones are removed: the storage holds a bounded number. */
const WHOLE_EVERY = 24
/** How many anchors that name every chain are kept, each with those that came after it. */
const WHOLES_KEPT = 3
/** Longer than any transaction: a record's time is that of its writing, and it is seen at its commit. */
const OVERLAP_MS = 3_600_000
const BATCH = 1000

/** What anchors are made of. */
export interface Anchoring {
  readonly database: Database
  readonly store: AnchorStore
  readonly key: AuditKey
  /** Where anchors go besides the storage. */
  readonly targets?: readonly AnchorTarget[]
}

/** What anchoring found and did. */
export interface Anchored {
  /** The number of the anchor that was made; null: nothing has changed. */
  readonly number: number | null
  /** Organizations whose chain lost what was anchored, or whose end the server did not authenticate. */
  readonly suspicious: readonly string[]
  /** Anchors that are missing or were changed. */
  readonly problems: readonly string[]
}

/** What an operator accepts. */
export interface Acceptance {
  /** These ends, whatever earlier anchors say. */
  readonly heads?: readonly AnchoredHead[]
  /** That anchors are missing or were changed, and why. */
  readonly problems?: string
  /** The next anchor names every chain, though nothing has to be accepted: its key is a new one. */
  readonly whole?: true
}

/**
 * Anchors the ends of the chains that have changed. An anchor never takes back what an earlier one said: of a chain
 * that lost its anchored record the earlier end stays anchored. Any number of processes may do so at once.
 */
export async function makeAnchor(
  { database, store, key, targets = [] }: Anchoring,
  accepted: Acceptance = {},
): Promise<Anchored> {
  // Before the storage is listed: what the database knows of must be there.
  const [known] = await readNewestAnchor(database)
  if (!known) throw new Error('the row of audit_anchors is missing')
  const book = await readBook(store, key)
  const gone = known.newest > book.newest ? [missingAnchors(book.newest, known.newest)] : []
  const problems = accepted.problems === undefined ? [...book.problems, ...gone] : []
  const due = book.sinceWhole === null || book.sinceWhole + 1 >= WHOLE_EVERY
  const renewed = accepted.whole === true && book.newest > 0
  const whole =
    due || renewed || accepted.problems !== undefined || book.newProblems.length > 0 || gone.length > 0

  const ends =
    whole || !book.at
      ? await listAuditHeads(database, null)
      : await listChangedHeads(database, new Date(book.at.getTime() - OVERLAP_MS))
  const { heads, suspicious } = await check(database, ends, book, key)
  if (whole) for (const id of missingFrom(ends, book)) suspicious.add(id)
  for (const head of accepted.heads ?? []) heads.set(head.organizationId, head)
  const found = { suspicious: [...suspicious], problems }
  if (heads.size === 0 && accepted.problems === undefined && !renewed) return { number: null, ...found }

  const number = Math.max(book.newest, known.newest) + 1
  const all = whole ? new Map([...book.heads, ...heads]) : heads
  const text = writeAnchor(
    {
      number,
      at: known.now.toISOString(),
      whole,
      heads: [...all.values()],
      problems: whole ? problems : [],
      ...(accepted.problems === undefined ? {} : { accepted: accepted.problems }),
    },
    key,
  )
  for (const target of [store, ...targets]) await target.keep({ number, whole }, text)
  // Not before the anchor is there: whoever authenticates an end from here on says that it must be.
  await noteAnchor(database, number)
  if (whole) await prune(store)
  return { number, ...found }
}

/** The sentence for anchors that the database knows of and the storage does not hold. */
export function missingAnchors(there: number, newest: number): string {
  return `anchors up to number ${newest} were written, and the newest that is there is ${there === 0 ? 'none' : there}`
}

/**
 * Holds each end that has changed against what was anchored of its chain before.
 * @returns the ends to anchor: not those of chains that lost what was anchored
 */
async function check(
  database: Database,
  ends: readonly AuditHead[],
  book: AnchorBook,
  key: AuditKey,
): Promise<{ heads: Map<string, AnchoredHead>; suspicious: Set<string> }> {
  const suspicious = new Set<string>()
  const heads = new Map<string, AnchoredHead>()
  const changed = ends.filter(({ organizationId, sequence, hash }) => {
    const known = book.heads.get(organizationId)
    return known?.sequence !== sequence || known.hash !== hash.toString('hex')
  })
  for (let from = 0; from < changed.length; from += BATCH) {
    const batch = changed.slice(from, from + BATCH)
    const before = batch.flatMap(({ organizationId }) => book.heads.get(organizationId) ?? [])
    const found = new Map(
      (await readAuditHashes(database, before)).map((row) => [row.organizationId, row.hash.toString('hex')]),
    )
    for (const { organizationId, sequence, hash, mac, anchor } of batch) {
      const end = { organizationId, sequence, hash: hash.toString('hex') }
      const known = book.heads.get(organizationId)
      const lost = known && (sequence < known.sequence || found.get(organizationId) !== known.hash)
      if (lost || !key.isMacOfHead(mac, organizationId, end, anchor)) suspicious.add(organizationId)
      if (!lost) heads.set(organizationId, end)
    }
  }
  return { heads, suspicious }
}

/** The organizations that have been anchored and have no chain any more. */
function missingFrom(ends: readonly AuditHead[], book: AnchorBook): string[] {
  const there = new Set(ends.map(({ organizationId }) => organizationId))
  return [...book.heads.keys()].filter((id) => !there.has(id))
}

async function prune(store: AnchorStore): Promise<void> {
  const stored = await store.list()
  const oldest = stored.filter(({ whole }) => whole).at(-WHOLES_KEPT)
  // The oldest first: what is left after a crash is without a gap.
  for (const anchor of stored) if (oldest && anchor.number < oldest.number) await store.remove(anchor)
}
