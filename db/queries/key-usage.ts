import type { Queryable } from '../connect.ts'

/** Requests and refused authentications of one hour or day. */
export interface UsagePoint {
  at: Date
  requests: number
  failures: number
}

/** The width of a point. */
export type UsageInterval = 'hour' | 'day'

/** Someone who uses a key. */
export interface Caller {
  ip: string
  userAgent: string | null
  lastSeenAt: Date
  count: number
}

/** What the successful requests of a key needed from one address. */
export interface Need {
  /** As routes declare it; several needs are parted by commas. */
  access: string
  ip: string
  requests: number
}

/**
 * A key's usage, a point for every hour or day between the two, also where there was none.
 * @param to the first instant that is not asked for any more
 */
export function keyUsage(
  tx: Queryable,
  organizationId: string,
  keyId: string,
  interval: UsageInterval,
  from: Date,
  to: Date,
) {
  return tx<UsagePoint[]>`
    with used as (
      select date_trunc(${interval}, hour, 'UTC') as at, sum(requests) as requests, sum(failures) as failures
      from key_usage
      where organization_id = ${organizationId} and key_id = ${keyId}
        and hour >= date_trunc(${interval}, ${from}::timestamptz, 'UTC') and hour < ${to}
      group by 1
    )
    select at, coalesce(requests, 0)::float8 as requests, coalesce(failures, 0)::float8 as failures
    from (
      -- generate_series takes a time zone from PostgreSQL 16 on. Without one, UTC has to be taken off and put back on.
      select point at time zone 'UTC' as at
      from generate_series(date_trunc(${interval}, ${from}::timestamptz at time zone 'UTC'),
        ${to}::timestamptz at time zone 'UTC' - interval '1 millisecond', ('1 ' || ${interval})::interval) as point
    ) as points left join used using (at)
    order by at`
}

/** Who used a key, the latest first; of the same millisecond by address, then by agent. */
export function keyCallers(tx: Queryable, organizationId: string, keyId: string, limit: number) {
  return tx<Caller[]>`
    select ip, nullif(user_agent, '') as user_agent, last_seen_at, count::float8 as count
    from key_callers where organization_id = ${organizationId} and key_id = ${keyId}
    order by last_seen_at desc, ip, user_agent limit ${limit}`
}

/** What a key's successful requests of the last days needed. */
export function keyNeeds(tx: Queryable, organizationId: string, keyId: string, days: number) {
  return tx<Need[]>`
    select access, ip, sum(requests)::float8 as requests
    from key_needs
    where organization_id = ${organizationId} and key_id = ${keyId}
      and day >= (now() at time zone 'UTC')::date - ${days}::int
    group by access, ip order by access, ip`
}

/** Drops what is older than the access log itself, and of the callers of a key all but the latest thousand. */
export async function forgetOldUsage(db: Queryable, days: number): Promise<void> {
  await db`delete from key_needs where day < (now() at time zone 'UTC')::date - ${days}::int`
  await db`delete from key_callers where last_seen_at < now() - make_interval(days => ${days}::int)`
  await db`
    delete from key_callers caller using (
      select organization_id, key_id, ip, user_agent,
        row_number() over (
          partition by organization_id, key_id order by last_seen_at desc, ip, user_agent
        ) as place
      from key_callers
    ) ranked
    where place > 1000 and caller.organization_id = ranked.organization_id and caller.key_id = ranked.key_id
      and caller.ip = ranked.ip and caller.user_agent = ranked.user_agent`
  await db`delete from key_usage where hour < now() - interval '400 days'`
  await db`delete from organization_usage where hour < now() - interval '400 days'`
  await db`delete from log_spools where updated_at < now() - make_interval(days => ${days + 2}::int)`
}
