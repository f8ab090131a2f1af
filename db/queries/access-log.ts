import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'

/** One request, as the access log keeps it. */
export interface AccessRecord {
  organizationId: string | null
  /** The request id. */
  id: string
  at: Date
  method: string
  /** Without the query string. */
  path: string
  status: number
  durationMs: number
  ip: string
  userAgent: string | null
  credentialType: string | null
  keyId: string | null
  keyHash: string | null
  userId: string | null
  reason: string | null
}

/** Which records a reader asks for. */
export interface AccessFilter {
  keyId: string | null
  status: number | null
  path: string | null
  from: Date | null
  to: Date | null
}

/** Writes many records in one statement. */
export function insertAccessRecords(db: Queryable, records: readonly AccessRecord[]) {
  return db`
    insert into access_logs (organization_id, id, at, method, path, status, duration_ms, ip, user_agent, credential_type,
      key_id, key_hash, user_id, reason)
    select "organizationId", id, at, method, path, status, "durationMs", ip, "userAgent", "credentialType", "keyId", "keyHash",
      "userId", reason
    from jsonb_to_recordset(${db.json(records as never)}) as record ("organizationId" text, id text, at timestamptz, method text,
      path text, status smallint, "durationMs" real, ip text, "userAgent" text, "credentialType" text, "keyId" text,
      "keyHash" text, "userId" text, reason text)`
}

/** Makes the partitions of two days, so that no record finds its day missing. */
export function ensureLogPartitions(db: Queryable) {
  return db`select ensure_log_partitions((now() at time zone 'UTC')::date - 1, (now() at time zone 'UTC')::date + 2)`
}

/** A page of an organization's records, newest first. */
export function listAccessRecords(
  tx: Queryable,
  organizationId: string,
  page: PageRequest,
  filter: AccessFilter,
) {
  return tx<AccessRecord[]>`
    select * from access_logs
    where organization_id = ${organizationId}
      and (${page.after}::text is null or id < ${page.after})
      and (${filter.keyId}::text is null or key_id = ${filter.keyId})
      and (${filter.status}::int is null or status = ${filter.status})
      and (${filter.path}::text is null or path = ${filter.path})
      and (${filter.from}::timestamptz is null or at >= ${filter.from})
      and (${filter.to}::timestamptz is null or at < ${filter.to})
    order by id desc limit ${page.limit + 1}`
}
