import type { Change } from '../changes.ts'
import type { Queryable } from '../connect.ts'

/** Makes a replica known, without a lease: it may answer from memory only once it has renewed. */
export function registerReplica(db: Queryable, id: string) {
  return db`
    insert into replicas (id, lease_until) values (${id}, now())
    on conflict (id) do update set lease_until = excluded.lease_until`
}

/** What a renewal brings: the changes since the horizon, and the horizon to ask from next time. */
export interface Renewal {
  readonly changes: readonly Change[]
  readonly horizon: string
}

/**
 * Renews a replica's lease and reads what has changed since its horizon, in one statement and transaction
 * (`renew_lease` in db/migrations/0002_revocation.sql). The order is the proof's (docs/revocation.md): the row is
 * locked before the changes are read, so that a change that this transaction's snapshot misses finds the row locked
 * and waits for the new lease to be seen.
 *
 * @param horizon the oldest transaction whose changes the replica may not have read
 * @param leaseMs how long the lease lasts, in milliseconds on the database's clock
 * @returns null where the replica is not known (any more): it must forget everything and register
 */
export async function renewLease(
  db: Queryable,
  id: string,
  horizon: string,
  leaseMs: number,
): Promise<Renewal | null> {
  const rows = await db<{ horizon: string; id: string | null; tag: string }[]>`
    select next_horizon::text as horizon, change_id::text as id, change_tag as tag
    from renew_lease(${id}, ${horizon}::text::xid8, make_interval(secs => ${leaseMs / 1000}))`
  const [first] = rows
  if (!first) return null
  const changes = rows.filter((row): row is Change & { horizon: string } => row.id !== null)
  return { changes, horizon: first.horizon }
}

/** The horizon of a replica that remembers nothing yet. */
export async function currentHorizon(db: Queryable): Promise<string> {
  const [row] = await db<
    { horizon: string }[]
  >`select pg_snapshot_xmin(pg_current_snapshot())::text as horizon`
  return row?.horizon as string
}

/** A replica whose right to answer from memory may not have lapsed. */
export interface LiveReplica {
  readonly id: string
  /** Milliseconds until it lapses, on the database's clock. */
  readonly remainingMs: number
}

/**
 * The replicas that may answer from memory. All rows are locked, lapsed ones too: a renewal under way is waited for,
 * and judged by what it wrote.
 */
export async function liveReplicas(db: Queryable): Promise<LiveReplica[]> {
  const rows = await db<LiveReplica[]>`
    select id, (extract(epoch from lease_until - clock_timestamp()) * 1000)::float8 as remaining_ms
    from replicas order by id for share`
  return rows.filter((row) => row.remainingMs > 0)
}

/** The names on the list, without waiting for anybody's lock. */
export async function replicaNames(db: Queryable): Promise<string[]> {
  const rows = await db<{ id: string }[]>`select id from replicas where lease_until > now() order by id`
  return rows.map(({ id }) => id)
}

/** The newest change of each tag that has one: what a replica must acknowledge. */
export async function newestChanges(db: Queryable, tags: readonly string[]): Promise<string[]> {
  const rows = await db<{ id: string }[]>`
    select max(id)::text as id from changes where tag = any(${tags as string[]}) group by tag`
  return rows.map((row) => row.id)
}

/** Takes a replica's name off the list. */
export function removeReplica(db: Queryable, id: string) {
  return db`delete from replicas where id = ${id}`
}

/**
 * Forgets replicas that died, and changes that all who are still on the list have read.
 * @param seconds for how long a lapsed replica stays on the list, and for how long a change is kept beyond the last
 *   renewal of who is furthest behind
 */
export async function sweepReplicas(db: Queryable, seconds: number): Promise<void> {
  await db`delete from replicas where id in (
    select id from replicas where lease_until < now() - make_interval(secs => ${seconds}) for update skip locked)`
  await db`delete from changes
    where at < least(now(), (select min(lease_until) from replicas)) - make_interval(secs => ${seconds})`
}
