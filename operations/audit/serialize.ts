import type { AuditRow } from '../../db/queries/audit.ts'
import { canonicalJson } from './canonical.ts'
import { type ChainRecord, chainRecord } from './chain.ts'

/** A record as the API shows it and as an export contains it. */
export interface AuditRecord extends Omit<ChainRecord, 'changes'> {
  readonly changes: unknown
}

/** A stored record as the API shows it: everything that the hash covers, so that a reader can check the hash. */
export function serializeAudit(row: AuditRow): AuditRecord {
  const record = chainRecord(row)
  return {
    organizationId: record.organizationId,
    sequence: record.sequence,
    id: record.id,
    at: record.at,
    actorType: record.actorType,
    userId: record.userId,
    credentialId: record.credentialId,
    action: record.action,
    targetType: record.targetType,
    targetId: record.targetId,
    ip: record.ip,
    userAgent: record.userAgent,
    requestId: record.requestId,
    changes: readChanges(record.changes),
    previousHash: record.previousHash,
    hash: record.hash,
  }
}

/** The record of the chain, from one that the API showed or that was exported. */
export function restoreRecord(record: AuditRecord): ChainRecord {
  return { ...record, changes: canonicalJson(record.changes) }
}

// The server writes only JSON. Other text stays as it is, and the check of its hash fails.
function readChanges(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
