import type { AuditRow } from '../../db/queries/audit.ts'
import { canonicalJson } from './canonical.ts'
import { type ChainRecord, chainRecord } from './chain.ts'

/** A record as the API shows it and an export holds it. */
export interface AuditRecord extends Omit<ChainRecord, 'changes'> {
  readonly changes: unknown
}

/** A stored record as the API shows it: all that the hash is over, so that a reader can check it. */
export function presentAudit(row: AuditRow): AuditRecord {
  const {
    organizationId,
    sequence,
    id,
    at,
    actorType,
    userId,
    credentialId,
    action,
    targetType,
    targetId,
    ip,
  } = chainRecord(row)
  const { userAgent, requestId, changes, previousHash, hash } = chainRecord(row)
  return {
    organizationId,
    sequence,
    id,
    at,
    actorType,
    userId,
    credentialId,
    action,
    targetType,
    targetId,
    ip,
    userAgent,
    requestId,
    changes: readChanges(changes),
    previousHash,
    hash,
  }
}

/** What the chain reads of a record that was shown or exported. */
export function restoreRecord(record: AuditRecord): ChainRecord {
  return { ...record, changes: canonicalJson(record.changes) }
}

// Text that is no JSON was not written by us: as it stands, its hash will be found wrong.
function readChanges(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
