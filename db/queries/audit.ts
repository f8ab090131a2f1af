import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import type { auditHeads, auditRecords } from '../schema/audit.ts'

/** A record of the audit log as stored. */
export type AuditRow = typeof auditRecords.$inferSelect

/** Where an organization's chain ends. */
export type AuditHead = typeof auditHeads.$inferSelect

/** What a new record is made of; its number, time and hashes are the database's. */
export type NewAuditRecord = Omit<AuditRow, 'sequence' | 'at' | 'previousHash' | 'hash'>

/** Appends a record. From here until the transaction ends, other writers of the organization's log wait. */
export function appendAudit(tx: Queryable, record: NewAuditRecord) {
  return tx`
    select append_audit(${record.organizationId}, ${record.id}, ${record.actorType}, ${record.userId},
      ${record.credentialId}, ${record.action}, ${record.targetType}, ${record.targetId}, ${record.ip},
      ${record.userAgent}, ${record.requestId}, ${record.changes})`
}

/** Which records a reader asks for. */
export interface AuditFilter {
  action: string | null
  target: string | null
  /** A user's id or a credential's. */
  actor: string | null
  from: Date | null
  to: Date | null
}

/** A page of an organization's records, newest first. */
export function listAudit(tx: Queryable, organizationId: string, page: PageRequest, filter: AuditFilter) {
  return tx<AuditRow[]>`
    select *, sequence::float8 as sequence from audit_records
    where organization_id = ${organizationId}
      and (${page.after}::text is null or sequence < (
        select sequence from audit_records where organization_id = ${organizationId} and id = ${page.after}))
      and (${filter.action}::text is null or action = ${filter.action})
      and (${filter.target}::text is null or target_id = ${filter.target})
      and (${filter.actor}::text is null or user_id = ${filter.actor} or credential_id = ${filter.actor})
      and (${filter.from}::timestamptz is null or at >= ${filter.from})
      and (${filter.to}::timestamptz is null or at < ${filter.to})
    order by audit_records.sequence desc limit ${page.limit + 1}`
}

/** Every chain's end, or one organization's, by organization. */
export function listAuditHeads(db: Queryable, organizationId: string | null) {
  return db<AuditHead[]>`
    select organization_id, sequence::float8 as sequence, hash from audit_heads
    where ${organizationId}::text is null or organization_id = ${organizationId}
    order by organization_id`
}

/** The organizations that have a record, with or without a head, or that one. */
export function listAuditedOrganizations(db: Queryable, organizationId: string | null) {
  return db<{ organizationId: string }[]>`
    select distinct organization_id from audit_records
    where ${organizationId}::text is null or organization_id = ${organizationId}
    union select organization_id from audit_heads
    where ${organizationId}::text is null or organization_id = ${organizationId}
    order by organization_id`
}

/** An organization's chain from its beginning, in blocks. */
export function readAudit(db: Queryable, organizationId: string) {
  return db<AuditRow[]>`
    select *, sequence::float8 as sequence from audit_records
    where organization_id = ${organizationId} order by audit_records.sequence`.cursor(1000)
}
