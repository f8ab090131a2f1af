import type postgres from 'postgres'
import type { PageRequest } from '../../schemas/cursor.ts'
import { idFloor } from '../../schemas/id-time.ts'
import type { Database, Queryable } from '../connect.ts'

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
  /** What the route declared to need. */
  access: string | null
  credentialType: string | null
  keyId: string | null
  keyHash: string | null
  userId: string | null
  reason: string | null
  /** Something about the key that its owner should know, e.g. `key.rotation_due`. */
  notice: string | null
}

/** Which records a reader asks for. */
export interface AccessFilter {
  readonly keyId: string | undefined
  readonly status: number | undefined
  readonly path: string | undefined
  /** Milliseconds since 1970, the first that counts. */
  readonly from: number | undefined
  /** Milliseconds since 1970, the first that does not count any more. */
  readonly to: number | undefined
}

/**
 * Writes one batch of a spool and all that follows from it, in one statement and so in one transaction.
 * @param first where in the spool the batch begins, in bytes; a batch that was written before changes nothing
 * @returns where the spool stands now
 */
export async function storeAccessRecords(
  db: Queryable,
  spool: string,
  first: number,
  next: number,
  lines: string,
): Promise<number> {
  const [row] = await db<{ position: string }[]>`
    select store_access_records(${spool}, ${first}, ${next}, ${lines}) as position`
  return Number(row?.position)
}

/** How far a spool has been written; 0 for one that nothing was written of. */
export async function spoolPosition(db: Queryable, spool: string): Promise<number> {
  const [row] = await db<{ position: string }[]>`select position from log_spools where id = ${spool}`
  return Number(row?.position ?? 0)
}

/** Forgets a spool whose files are deleted. */
export function forgetSpool(db: Queryable, spool: string) {
  return db`delete from log_spools where id = ${spool}`
}

/**
 * Takes a spool for this connection, as long as it lasts: the process that owns it is alive, or another one is
 * replaying it.
 * @returns false where another connection has it
 */
export async function tryHoldSpool(db: Database, spool: string): Promise<boolean> {
  const [row] = await db<{ held: boolean }[]>`
    select pg_try_advisory_lock(hashtextextended(${`anteroom spool ${spool}`}, 0)) as held`
  return row?.held === true
}

/** Gives a spool back. */
export function letGoOfSpool(db: Database, spool: string) {
  return db`select pg_advisory_unlock(hashtextextended(${`anteroom spool ${spool}`}, 0))`
}

/**
 * A page of an organization's records, newest first. Each filter has an index in the order of the page; every bound
 * of time is one of the id, by which days are left out.
 */
export function listAccessRecords(
  tx: Queryable,
  organizationId: string,
  page: PageRequest,
  filter: AccessFilter,
) {
  const { keyId, status, path, from, to } = filter
  const wanted = tx`organization_id = ${organizationId}
    ${page.after === null ? tx`` : tx`and id < ${page.after}`}
    ${keyId === undefined ? tx`` : tx`and key_id = ${keyId}`}
    ${statusIs(tx, status)}
    ${path === undefined ? tx`` : tx`and path = ${path}`}
    ${from === undefined ? tx`` : tx`and id >= ${idFloor('req', from)}`}
    ${to === undefined ? tx`` : tx`and id < ${idFloor('req', to)}`}
    order by id desc limit ${page.limit + 1}`
  const several = [keyId, status, path].filter((value) => value !== undefined).length > 1
  return tx<AccessRecord[]>`
    select log.*, case when keys.created_at <= log.at - interval '90 days' then 'key.rotation_due' end as notice
    from ${several ? foundInIndex(tx, organizationId, wanted) : tx`(select * from access_logs where ${wanted}) as log`}
    left join keys on keys.organization_id = ${organizationId} and keys.id = log.key_id
    order by ${several ? tx`found.id` : tx`log.id`} desc`
}

/**
 * The newest records of some organizations, whose requests began at or after a time; newest first.
 * @param since milliseconds since 1970
 * @param limit of each organization
 */
export function listLatestRecords(
  db: Queryable,
  organizationIds: readonly string[],
  since: number,
  limit: number,
) {
  return db<AccessRecord[]>`
    select log.*, case when keys.created_at <= log.at - interval '90 days' then 'key.rotation_due' end as notice
    from unnest(${organizationIds as string[]}::text[]) as wanted (id) cross join lateral (
      select * from access_logs where organization_id = wanted.id and id >= ${idFloor('req', since)}
      order by id desc limit ${limit}
    ) as log
    left join keys on keys.organization_id = log.organization_id and keys.id = log.key_id
    order by log.id desc`
}

// Nearly every request is answered with 200: the index of statuses holds the others, and 200s are met soon enough on
// the way through all. The constant is what tells the planner so.
function statusIs(tx: Queryable, status: number | undefined) {
  if (status === undefined) return tx``
  return status === 200 ? tx`and status = 200` : tx`and status = ${status} and status <> 200`
}

// Filters that are seldom true together pass over many records: each index carries what the other filters ask for,
// so that these need not be fetched to be passed over. `offset 0` keeps the two steps apart.
function foundInIndex(tx: Queryable, organizationId: string, wanted: postgres.PendingQuery<postgres.Row[]>) {
  return tx`(select id from access_logs where ${wanted}) as found cross join lateral (
    select * from access_logs where organization_id = ${organizationId} and id = found.id offset 0
  ) as log`
}

/** One record, or no row. */
export function findAccessRecord(tx: Queryable, organizationId: string, id: string) {
  return tx<AccessRecord[]>`
    select log.*, case when keys.created_at <= log.at - interval '90 days' then 'key.rotation_due' end as notice
    from access_logs log
    left join keys on keys.organization_id = log.organization_id and keys.id = log.key_id
    where log.organization_id = ${organizationId} and log.id = ${id}`
}

/** Makes the partitions of today and the coming two days; a batch that finds its day missing makes it as well. */
export function ensureLogPartitions(db: Queryable) {
  return db`
    select ensure_log_partition((now() at time zone 'UTC')::date + ahead) from generate_series(0, 2) as ahead`
}

/**
 * Drops the partitions of days that ended more than so many days ago.
 * @returns how many
 */
export async function dropLogPartitions(db: Queryable, days: number): Promise<number> {
  const [row] = await db<{ dropped: number }[]>`
    select drop_log_partitions((now() at time zone 'UTC')::date - ${days}::int) as dropped`
  return row?.dropped ?? 0
}
