import type { Environment } from '../../config/environment.ts'
import type { Queryable } from '../connect.ts'
import { jobSchema } from '../jobs.ts'
import { timeOfEach } from './clock.ts'

/** What waits to be delivered to webhooks. */
export interface WebhookBacklog {
  /** Deliveries that wait, those for a later try too; at most as many as were counted. */
  readonly pending: number
  /** For how long the oldest has been due at an endpoint that takes deliveries, in seconds; 0 where none is due. */
  readonly oldestSeconds: number
}

/**
 * Counts the deliveries that wait. The oldest is found by one probe of the queue's index an endpoint.
 * @param most counts no further than this
 */
export function findWebhookBacklog(db: Queryable, most: number) {
  return db<WebhookBacklog[]>`
    with recursive lane as (
      (select organization_id, webhook_id, due_at from deliveries where state = 'pending'
        order by organization_id, webhook_id, due_at limit 1)
      union all
      select following.* from lane, lateral (
        select organization_id, webhook_id, due_at from deliveries
        where state = 'pending' and (organization_id, webhook_id) > (lane.organization_id, lane.webhook_id)
        order by organization_id, webhook_id, due_at limit 1) following)
    select (select count(*)::int from (select from deliveries where state = 'pending' limit ${most}) as counted) as pending,
      coalesce((select greatest(0, max(extract(epoch from ${timeOfEach(db)} - greatest(due_at, paused_until))))::float8
        from lane join organizations on organizations.id = lane.organization_id
        join webhooks on webhooks.organization_id = lane.organization_id and webhooks.id = lane.webhook_id
        where disabled_at is null), 0) as oldest_seconds`
}

/** What waits in a queue. */
export interface JobBacklog {
  readonly queue: string
  readonly waiting: number
  readonly active: number
  readonly failed: number
  /** For how long the oldest that waits has been due, in seconds. */
  readonly oldestSeconds: number
}

/** Counts the jobs of each queue that has any. Those that are to be tried later are not waiting. */
export function findJobBacklogs(db: Queryable, environment: Environment) {
  return db<JobBacklog[]>`
    select name as queue,
      count(*) filter (where due)::int as waiting,
      count(*) filter (where state = 'active')::int as active,
      count(*) filter (where state = 'failed')::int as failed,
      coalesce(max(extract(epoch from now() - start_after)) filter (where due), 0)::float8 as oldest_seconds
    from (
      select name, state, start_after, state in ('created', 'retry') and start_after <= now() as due
      from ${db(jobSchema(environment))}.job) as jobs
    group by name`
}

/** How many bytes the stored files of all organizations have. */
export function findStoredBytes(db: Queryable) {
  return db<{ bytes: number }[]>`select coalesce(sum(size_bytes), 0)::float8 as bytes from files`
}
