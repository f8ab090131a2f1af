import type { Database } from '../../db/connect.ts'
import {
  type AuditHead,
  listAuditedOrganizations,
  listAuditHeads,
  readAudit,
  readNewestAnchor,
} from '../../db/queries/audit.ts'
import { type AnchorBook, readBook } from './anchors/book.ts'
import { missingAnchors } from './anchors/make.ts'
import type { AnchorStore } from './anchors/store.ts'
import {
  type AuthenticatedHead,
  ChainCheck,
  type ChainHead,
  type ChainProblem,
  chainRecord,
  type EarlierHead,
} from './chain.ts'
import type { AuditKey } from './key.ts'
import { snapshot } from './snapshot.ts'

/** What was checked, and what was found wrong. */
export interface Verification {
  readonly organizations: number
  readonly records: number
  /** The newest anchor that the chains were held against; null: none. */
  readonly anchor: { readonly number: number; readonly at: string } | null
  /** Whether the ends of the chains were checked with the server's key. */
  readonly authenticated: boolean
  readonly problems: readonly ChainProblem[]
}

/** What a verification works with. */
export interface Verifying {
  readonly database: Database
  readonly key: AuditKey
  readonly anchors: AnchorStore
}

/**
 * Checks the chains in the database, one after the other, in one snapshot: each against its own hashes, the end that the
 * server authenticated, and the anchors; and that every organization has one.
 * @param organizationId one organization's alone; null: all
 * @param exported by organization, where its chain ended at an earlier export: that must still be in it
 */
export async function verifyDatabase(
  { database, key, anchors }: Verifying,
  organizationId: string | null,
  exported: ReadonlyMap<string, ChainHead> = new Map(),
): Promise<Verification> {
  // Before the snapshot: what an anchor says must be in it.
  const book = await readBook(anchors, key)
  const found = await snapshot(database, async (tx) => {
    const heads = new Map(
      (await listAuditHeads(tx, organizationId)).map((head) => [head.organizationId, head]),
    )
    const audited = (await listAuditedOrganizations(tx, organizationId)).map((row) => row.organizationId)
    const named = organizationId === null ? [...exported.keys(), ...book.heads.keys()] : [organizationId]
    const organizations = [...new Set([...audited, ...named])]
    const problems: ChainProblem[] = []
    let records = 0
    let newest = (await readNewestAnchor(tx))[0]?.newest ?? 0
    for (const id of organizations) {
      const check = new ChainCheck(id, earlierHeads(id, book, exported))
      for await (const rows of readAudit(tx, id)) {
        for (const row of rows) check.add(chainRecord(row))
        records += rows.length
      }
      check.requireBeginning()
      const head = heads.get(id)
      const end = head ? authenticatedHead(head) : null
      const authentic = end !== null && isAuthentic(key, id, end)
      check.end(end, authentic)
      if (authentic) newest = Math.max(newest, end.anchor)
      problems.push(...check.problems)
    }
    return { organizations: organizations.length, records, problems, newest }
  })
  const { organizations, records, newest } = found
  const lost = [...book.problems]
  // Listed again: one may have been written since.
  const there = Math.max(0, ...(await anchors.list()).map(({ number }) => number))
  if (newest > there) lost.push(missingAnchors(there, newest))
  const problems = [
    ...lost.map((problem) => ({ organizationId: null, sequence: null, problem })),
    ...found.problems,
  ]
  const anchor = book.at ? { number: book.newest, at: book.at.toISOString() } : null
  return { organizations, records, anchor, authenticated: true, problems }
}

function earlierHeads(
  organizationId: string,
  book: AnchorBook,
  exported: ReadonlyMap<string, ChainHead>,
): EarlierHead[] {
  const anchored = book.heads.get(organizationId)
  const inExport = exported.get(organizationId)
  return [
    ...(anchored ? [{ ...anchored, source: 'an anchor' }] : []),
    ...(inExport ? [{ ...inExport, source: 'the earlier export' }] : []),
  ]
}

/** Whether the server itself vouched for that end. */
export function isAuthentic(key: AuditKey, organizationId: string, end: AuthenticatedHead): boolean {
  const mac = end.mac === null ? null : Buffer.from(end.mac, 'hex')
  return key.isMacOfHead(mac, organizationId, end, end.anchor)
}

/** A stored end as the chain reads it. */
export function authenticatedHead({ sequence, hash, anchor, mac }: AuditHead): AuthenticatedHead {
  return { sequence, hash: hash.toString('hex'), anchor, mac: mac?.toString('hex') ?? null }
}
