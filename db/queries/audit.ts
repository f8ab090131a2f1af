import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import type { auditHeads, auditRecords } from '../schema/audit.ts'

/** A record of the audit log as stored. */
export type AuditRow = typeof auditRecords.$inferSelect

/** Where an organization's chain ends. */
export type AuditHead = typeof auditHeads.$inferSelect

/** What a new record is made of; its number, time and hashes are the database's. */
export type NewAuditRecord = Omit<AuditRow, 'sequence' | 'at' | 'previousHash' | 'hash'>

/** The end that a new record has made, and the end before it. */
export interface AppendedAudit {
  readonly sequence: number
  readonly hash: Buffer
  readonly beforeHash: Buffer
  readonly beforeAnchor: number
  /** Null: nobody has vouched for the end before, or there was none. */
  readonly beforeMac: Buffer | null
  readonly newestAnchor: number
}

/** Appends a record. From here until the transaction ends, other writers of the organization's log wait. */
export function appendAudit(tx: Queryable, record: NewAuditRecord) {
  return tx<AppendedAudit[]>`
    select sequence::float8 as sequence, hash, before_hash, before_anchor::float8 as before_anchor, before_mac,
      newest_anchor::float8 as newest_anchor
    from append_audit(${record.organizationId}, ${record.id}, ${record.actorType}, ${record.userId},
      ${record.credentialId}, ${record.action}, ${record.targetType}, ${record.targetId}, ${record.ip},
      ${record.userAgent}, ${record.requestId}, ${record.changes})`
}

/** Writes the server's word for the end that this transaction has just made. */
export function authenticateHead(
  tx: Queryable,
  head: Pick<AuditHead, 'organizationId' | 'sequence' | 'anchor'> & { mac: Buffer },
) {
  return tx`select authenticate_audit_head(${head.organizationId}, ${head.sequence}, ${head.anchor}, ${head.mac})`
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
    select *, sequence::float8 as sequence, anchor::float8 as anchor from audit_heads
    where ${organizationId}::text is null or organization_id = ${organizationId}
    order by organization_id`
}

/** The ends of chains that have changed since an instant, by organization. */
export function listChangedHeads(db: Queryable, since: Date) {
  return db<AuditHead[]>`
    select *, sequence::float8 as sequence, anchor::float8 as anchor from audit_heads
    where changed_at >= ${since} order by organization_id`
}

/** The organizations that have a record, an end or a row, or that one where it has any of these. */
export function listAuditedOrganizations(db: Queryable, organizationId: string | null) {
  return db<{ organizationId: string }[]>`
    select distinct organization_id from audit_records
    where ${organizationId}::text is null or organization_id = ${organizationId}
    union select organization_id from audit_heads
    where ${organizationId}::text is null or organization_id = ${organizationId}
    union select id from organizations
    where ${organizationId}::text is null or id = ${organizationId}
    order by organization_id`
}

/** The hashes of single records, each named by its organization and number. */
export function readAuditHashes(
  db: Queryable,
  places: readonly Pick<AuditRow, 'organizationId' | 'sequence'>[],
) {
  const organizations = places.map(({ organizationId }) => organizationId)
  const sequences = places.map(({ sequence }) => sequence)
  return db<Pick<AuditRow, 'organizationId' | 'sequence' | 'hash'>[]>`
    select organization_id, sequence::float8 as sequence, hash from audit_records
    where (organization_id, sequence) in (
      select * from unnest(${organizations}::text[], ${sequences}::bigint[]))`
}

/** Notes that anchors up to that number are in the storage. */
export function noteAnchor(db: Queryable, number: number) {
  return db`update audit_anchors set newest = ${number} where newest < ${number}`
}

/** The number of the newest anchor, as far as the database knows; and the time by its clock. */
export function readNewestAnchor(db: Queryable) {
  return db<{ newest: number; now: Date }[]>`select newest::float8 as newest, now() as now from audit_anchors`
}

/** An organization's chain from its beginning, in blocks. */
export function readAudit(db: Queryable, organizationId: string) {
  return db<AuditRow[]>`
    select *, sequence::float8 as sequence from audit_records
    where organization_id = ${organizationId} order by audit_records.sequence`.cursor(1000)
}
