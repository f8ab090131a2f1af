import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import type { deliveries } from '../schema/webhooks.ts'
import { timeOf, timeOfEach } from './clock.ts'

/** A delivery as stored. */
export type DeliveryRow = typeof deliveries.$inferSelect

/** A delivery with what the API shows beside it. */
export type ShownDelivery = DeliveryRow & {
  type: string
  /** Null: there is no next attempt. */
  nextAttemptAt: Date | null
}

const shown = (tx: Queryable) => tx`
  deliveries.*, events.type,
  case when state = 'pending' and disabled_at is null then greatest(due_at, paused_until) end as next_attempt_at
  from deliveries
  join events on events.organization_id = deliveries.organization_id and events.id = event_id
  join webhooks on webhooks.organization_id = deliveries.organization_id and webhooks.id = webhook_id`

/** A page of an endpoint's deliveries, newest first. */
export function listDeliveries(tx: Queryable, organizationId: string, webhookId: string, page: PageRequest) {
  return tx<ShownDelivery[]>`
    select ${shown(tx)}
    where deliveries.organization_id = ${organizationId} and webhook_id = ${webhookId}
      and (${page.after}::text is null or deliveries.id < ${page.after})
    order by deliveries.id desc limit ${page.limit + 1}`
}

/** One delivery, or no row. */
export function findDelivery(tx: Queryable, organizationId: string, id: string) {
  return tx<ShownDelivery[]>`
    select ${shown(tx)} where deliveries.organization_id = ${organizationId} and deliveries.id = ${id}`
}

/** Puts an event into the queue of endpoints; one that has it there or had it gets it again. */
export function queueDeliveries(
  tx: Queryable,
  organizationId: string,
  eventId: string,
  targets: readonly { id: string; webhookId: string }[],
) {
  return tx<{ id: string }[]>`
    insert into deliveries as known (organization_id, id, webhook_id, event_id, due_at, created_at)
    select ${organizationId}, id, webhook_id, ${eventId}, now, now
    from organization_now(${organizationId}) as now, unnest(${targets.map(({ id }) => id)}::text[], ${targets.map(({ webhookId }) => webhookId)}::text[])
      as target (id, webhook_id)
    on conflict (organization_id, event_id, webhook_id) do update set state = 'pending', tries = 0,
      due_at = excluded.due_at
    returning id`
}

/** Puts a delivery, whose webhook is locked, into the queue again, whatever came of it. */
export function requeueDelivery(tx: Queryable, organizationId: string, id: string) {
  return tx`
    update deliveries set state = 'pending', tries = 0, due_at = ${timeOf(tx, organizationId)}
    where organization_id = ${organizationId} and id = ${id}`
}

/** Puts a locked endpoint's failed deliveries of events since a time into the queue again, so many at most. */
export function requeueFailed(
  tx: Queryable,
  organizationId: string,
  webhookId: string,
  since: string,
  limit: number,
) {
  return tx<{ id: string }[]>`
    update deliveries set state = 'pending', tries = 0, due_at = ${timeOf(tx, organizationId)}
    where organization_id = ${organizationId} and id in (
      select deliveries.id from deliveries
      where deliveries.organization_id = ${organizationId} and webhook_id = ${webhookId} and state = 'failed'
        and created_at >= ${since}::timestamptz
      order by event_id limit ${limit})
    returning id`
}

/** An endpoint with something to be sent now. */
export interface DueLane {
  readonly organizationId: string
  readonly webhookId: string
  readonly failing: boolean
}

/**
 * The endpoints that have something due, those that do well first. Each is found by one probe of the queue's index
 * from the one before, however many deliveries wait.
 * @param held endpoints that the caller sees to already
 */
export function findDueLanes(db: Queryable, held: readonly string[], limit: number) {
  return db<DueLane[]>`
    with recursive lane as (
      (select organization_id, webhook_id, due_at from deliveries where state = 'pending'
        order by organization_id, webhook_id, due_at limit 1)
      union all
      select following.* from lane, lateral (
        select organization_id, webhook_id, due_at from deliveries
        where state = 'pending' and (organization_id, webhook_id) > (lane.organization_id, lane.webhook_id)
        order by organization_id, webhook_id, due_at limit 1) following)
    select lane.organization_id, lane.webhook_id, failing_since is not null as failing
    from lane join organizations on organizations.id = lane.organization_id
    left join webhooks on webhooks.organization_id = lane.organization_id and webhooks.id = lane.webhook_id
    where due_at <= ${timeOfEach(db)} and disabled_at is null
      and (paused_until is null or paused_until <= ${timeOfEach(db)})
      and lane.webhook_id <> all(${held as string[]}::text[])
    order by failing, due_at limit ${limit}`
}

/** What is to be sent next to an endpoint. */
export interface DueDelivery {
  readonly id: string
  readonly eventId: string
  readonly attempt: number
  readonly tries: number
  readonly type: string
  readonly data: unknown
  readonly createdAt: Date
}

/**
 * What an endpoint is to get now, in the order in which it became due.
 * @param busy deliveries that are being sent
 */
export function listDueDeliveries(
  db: Queryable,
  organizationId: string,
  webhookId: string,
  busy: readonly string[],
  limit: number,
) {
  return db<DueDelivery[]>`
    select deliveries.id, event_id, attempt, tries, type, data, events.created_at
    from deliveries join events on events.organization_id = deliveries.organization_id and events.id = event_id
    where deliveries.organization_id = ${organizationId} and webhook_id = ${webhookId} and state = 'pending'
      and due_at <= ${timeOf(db, organizationId)} and deliveries.id <> all(${busy as string[]}::text[])
    order by due_at, event_id limit ${limit}`
}

/**
 * Takes out of the queue what waits for an endpoint that was removed meanwhile. There is no endpoint to lock, so it waits
 * for nobody: what another transaction holds goes with the next call.
 */
export function deleteOrphans(db: Queryable, organizationId: string, webhookId: string) {
  return db`
    delete from deliveries where organization_id = ${organizationId} and id in (
      select id from deliveries where organization_id = ${organizationId} and webhook_id = ${webhookId}
        and not exists (select from webhooks where organization_id = ${organizationId} and id = ${webhookId})
      for update skip locked)`
}

/** How an attempt ended, to be written down. */
export interface AttemptRecord {
  readonly organizationId: string
  readonly id: string
  /** The attempt's number. */
  readonly attempt: number
  readonly state: DeliveryRow['state']
  /** Seconds until the next one, counted from now. */
  readonly delaySeconds: number
  /** Seconds since it began. */
  readonly agoSeconds: number
  readonly status: number | null
  readonly durationMs: number
  readonly response: string | null
  readonly error: string | null
}

/**
 * Writes down many attempts in one statement. An attempt that another worker has written down meanwhile, or a delivery
 * that is no longer in the queue, stays as it is.
 * @param tx a transaction that does nothing but that: the planner is told to look each delivery up by its key, as it
 *   knows too little of a table that grows and shrinks so fast, and would rather read all that waits
 */
export async function recordAttempts(tx: Queryable, attempts: readonly AttemptRecord[]): Promise<void> {
  await tx`
    select set_config(name, 'off', true)
    from unnest(array['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin']) as name`
  await tx`
    update deliveries set
      state = said.state, attempt = said.attempt, tries = tries + 1,
      due_at = case when said.state = 'pending'
        then statement_timestamp() + make_interval(secs => clock_offset_seconds + said."delaySeconds") else due_at end,
      at = statement_timestamp() + make_interval(secs => clock_offset_seconds - said."agoSeconds"),
      status = said.status, duration_ms = said."durationMs", response = said.response, error = said.error,
      earlier = case when deliveries.attempt = 0 then earlier else earlier || jsonb_build_object(
        'attempt', deliveries.attempt, 'at', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'status', deliveries.status,
        'durationMs', duration_ms, 'error', deliveries.error) end
    from jsonb_to_recordset(${tx.json(attempts as never)}) as said(
      "organizationId" text, id text, attempt int, state text, "delaySeconds" float8, "agoSeconds" float8,
      status smallint, "durationMs" int, response text, error text)
      join organizations on organizations.id = said."organizationId"
    where deliveries.organization_id = said."organizationId" and deliveries.id = said.id
      and deliveries.state = 'pending' and deliveries.attempt = said.attempt - 1`
}
