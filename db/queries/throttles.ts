import type { Queryable } from '../connect.ts'

/** For how many seconds tries are still refused for a key; no row where they are not. */
export function findWait(db: Queryable, key: Buffer) {
  return db<{ seconds: number }[]>`
    select extract(epoch from not_before - now())::float8 as seconds
    from login_brakes where key = ${key} and not_before > now()`
}

/** How many failures stand against a key within the window, in seconds. */
export function countFailures(db: Queryable, key: Buffer, windowSeconds: number) {
  return db<{ failures: number }[]>`
    select failures from login_brakes
    where key = ${key} and updated_at > now() - make_interval(secs => ${windowSeconds})`
}

/** How long failures delay the next try: not at all for the free ones, then a delay that doubles up to a longest one. */
export interface Backoff {
  readonly free: number
  readonly firstSeconds: number
  readonly longestSeconds: number
  /** After that long without a failure the count begins anew, in seconds. */
  readonly windowSeconds: number
}

/**
 * Counts a failure against a key and sets until when the next try is refused. The column holds milliseconds and would
 * round half of all times up: a free try must not have to wait for half a millisecond.
 */
export async function countFailure(db: Queryable, key: Buffer, backoff: Backoff): Promise<void> {
  const [counted] = await db<{ failures: number }[]>`
    insert into login_brakes as known (key, failures, not_before) values (${key}, 1, date_trunc('milliseconds', now()))
    on conflict (key) do update set
      failures = case when known.updated_at < now() - make_interval(secs => ${backoff.windowSeconds}) then 1 else known.failures + 1 end,
      updated_at = now()
    returning failures`
  const beyond = (counted?.failures ?? 0) - backoff.free
  if (beyond <= 0) return
  const seconds = Math.min(backoff.longestSeconds, backoff.firstSeconds * 2 ** Math.min(beyond - 1, 30))
  await db`
    update login_brakes set not_before = greatest(not_before, now() + make_interval(secs => ${seconds})) where key = ${key}`
}

/** Forgets a key's failures. */
export function forgetFailures(db: Queryable, key: Buffer) {
  return db`delete from login_brakes where key = ${key}`
}

/** Deletes a few rows that no longer count: each failure clears away more than it adds. */
export function pruneFailures(db: Queryable, windowSeconds: number) {
  return db`
    delete from login_brakes where key in (
      select key from login_brakes where updated_at < now() - make_interval(secs => ${windowSeconds})
      order by updated_at limit 10 for update skip locked)`
}
