import type { Database, Queryable } from '../../db/connect.ts'
import { listAuditedOrganizations, listAuditHeads, readAudit } from '../../db/queries/audit.ts'
import { ChainCheck, type ChainHead, type ChainProblem, chainRecord } from './chain.ts'
import { type AuditRecord, presentAudit, restoreRecord } from './present.ts'

/** What was checked, and what was found wrong. */
export interface Verification {
  readonly organizations: number
  readonly records: number
  readonly problems: readonly ChainProblem[]
}

/** A line of an export: a record, or where an organization's chain ended when it was written. */
export type ExportLine = AuditRecord | { readonly organizationId: string; readonly head: ChainHead }

/**
 * Checks the chains in the database, one after the other, in one snapshot.
 * @param organizationId one organization's alone; null: all
 * @param anchors by organization, where its chain ended at an earlier export: that must still be in it
 */
export async function verifyDatabase(
  database: Database,
  organizationId: string | null,
  anchors: ReadonlyMap<string, ChainHead> = new Map(),
): Promise<Verification> {
  return snapshot(database, async (tx) => {
    const heads = new Map(
      (await listAuditHeads(tx, organizationId)).map((head) => [head.organizationId, head]),
    )
    const audited = (await listAuditedOrganizations(tx, organizationId)).map((row) => row.organizationId)
    const organizations = [...new Set([...audited, ...anchors.keys()])]
    const problems: ChainProblem[] = []
    let records = 0
    for (const id of organizations) {
      const check = new ChainCheck(id, anchors.get(id) ?? null)
      for await (const rows of readAudit(tx, id)) {
        for (const row of rows) check.add(chainRecord(row))
        records += rows.length
      }
      const head = heads.get(id)
      check.end(head ? { sequence: head.sequence, hash: head.hash.toString('hex') } : null)
      problems.push(...check.problems)
    }
    return { organizations: organizations.length, records, problems }
  })
}

/** Hands every chain's records over in their order, and after them where the chain ends; in one snapshot. */
export async function exportAudit(
  database: Database,
  organizationId: string | null,
  write: (line: ExportLine) => void,
): Promise<{ organizations: number; records: number }> {
  return snapshot(database, async (tx) => {
    const heads = await listAuditHeads(tx, organizationId)
    let records = 0
    for (const { organizationId: id, sequence, hash } of heads) {
      for await (const rows of readAudit(tx, id)) {
        for (const row of rows) write(presentAudit(row))
        records += rows.length
      }
      write({ organizationId: id, head: { sequence, hash: hash.toString('hex') } })
    }
    return { organizations: heads.length, records }
  })
}

/**
 * Checks an export, without a database.
 * @param lines JSON each, as `exportAudit` gave them
 * @throws Error for a line that is none of an export
 */
export async function verifyExport(lines: AsyncIterable<string>): Promise<Verification> {
  const checks = new Map<string, ChainCheck>()
  const heads = new Map<string, ChainHead>()
  let records = 0
  for await (const line of readLines(lines)) {
    const { organizationId } = line
    const check = checks.get(organizationId) ?? new ChainCheck(organizationId)
    checks.set(organizationId, check)
    if ('head' in line) heads.set(organizationId, line.head)
    else {
      check.add(restoreRecord(line))
      records += 1
    }
  }
  for (const [organizationId, check] of checks) check.end(heads.get(organizationId) ?? null)
  return {
    organizations: checks.size,
    records,
    problems: [...checks.values()].flatMap((check) => check.problems),
  }
}

/** Where the chains of an export ended, by organization. */
export async function readHeads(lines: AsyncIterable<string>): Promise<Map<string, ChainHead>> {
  const heads = new Map<string, ChainHead>()
  for await (const line of readLines(lines)) if ('head' in line) heads.set(line.organizationId, line.head)
  return heads
}

async function* readLines(lines: AsyncIterable<string>): AsyncGenerator<ExportLine> {
  let number = 0
  for await (const text of lines) {
    number += 1
    if (text.trim() === '') continue
    const line = parse(text)
    if (typeof line?.organizationId !== 'string') throw new Error(`line ${number} is none of an audit export`)
    yield line
  }
}

function parse(text: string): ExportLine | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function snapshot<T>(database: Database, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return database.begin('isolation level repeatable read read only', work) as Promise<T>
}
