import type { Database } from '../../db/connect.ts'
import { listAuditHeads, readAudit } from '../../db/queries/audit.ts'
import { type AuthenticatedHead, ChainCheck, type ChainHead } from './chain.ts'
import type { AuditKey } from './key.ts'
import { type AuditRecord, restoreRecord, serializeAudit } from './serialize.ts'
import { snapshot } from './snapshot.ts'
import { authenticatedHead, isAuthentic, type Verification } from './verify.ts'

/** A line of an export: a record, or where an organization's chain ended when it was written. */
export type ExportLine = AuditRecord | { readonly organizationId: string; readonly head: AuthenticatedHead }

/** Hands every chain's records over in their order, and after them where the chain ends; in one snapshot. */
export async function exportAudit(
  database: Database,
  organizationId: string | null,
  write: (line: ExportLine) => void,
): Promise<{ organizations: number; records: number }> {
  return snapshot(database, async (tx) => {
    const heads = await listAuditHeads(tx, organizationId)
    let records = 0
    for (const head of heads) {
      for await (const rows of readAudit(tx, head.organizationId)) {
        for (const row of rows) write(serializeAudit(row))
        records += rows.length
      }
      write({ organizationId: head.organizationId, head: authenticatedHead(head) })
    }
    return { organizations: heads.length, records }
  })
}

/**
 * Checks an export, without a database.
 * @param lines JSON each, as `exportAudit` gave them
 * @param key the server's; null: the ends of the chains are taken as they stand
 * @throws Error for a line that is none of an export
 */
export async function verifyExport(
  lines: AsyncIterable<string>,
  key: AuditKey | null,
): Promise<Verification> {
  const checks = new Map<string, ChainCheck>()
  const heads = new Map<string, AuthenticatedHead>()
  let records = 0
  for await (const line of readLines(lines)) {
    const { organizationId } = line
    const check = checks.get(organizationId) ?? new ChainCheck(organizationId)
    checks.set(organizationId, check)
    // Exports of version 0.1 have nothing but number and hash.
    if ('head' in line) heads.set(organizationId, { ...{ anchor: 0, mac: null }, ...line.head })
    else {
      check.add(restoreRecord(line))
      records += 1
    }
  }
  for (const [id, check] of checks) {
    const end = heads.get(id) ?? null
    check.end(end, !key || (end !== null && isAuthentic(key, id, end)))
  }
  return {
    organizations: checks.size,
    records,
    anchor: null,
    authenticated: key !== null,
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
