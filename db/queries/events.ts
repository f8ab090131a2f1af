import type { PageRequest } from '../../schemas/cursor.ts'
import type { Database, Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { events } from '../schema/events.ts'
import { timeOf } from './clock.ts'
import { lockWebhooksOfOldEvents } from './webhook-locks.ts'

/** An event as stored. */
export type EventRow = typeof events.$inferSelect

/**
 * Writes an event; it is there when the transaction commits, and who listens is told then (`listenToEvents`).
 * @returns the ids of the enabled endpoints that want it
 */
export async function insertEvent(
  tx: Queryable,
  event: Pick<EventRow, 'organizationId' | 'id' | 'type' | 'data'>,
): Promise<string[]> {
  const { organizationId, type } = event
  const rows = await tx<{ id: string }[]>`
    with written as (
      insert into events (organization_id, id, type, data, created_at)
      values (${organizationId}, ${event.id}, ${type}, ${tx.json(event.data as never)}, ${timeOf(tx, organizationId)})
      returning pg_notify('anteroom_' || current_schema() || '_events', organization_id))
    select id from webhooks
    where organization_id = ${organizationId} and disabled_at is null and events && ${filtersFor(type)}::text[]
    order by id`
  return rows.map(({ id }) => id)
}

/** The ids of the enabled endpoints that want events of a type, locked until the transaction ends. */
export function lockWanting(tx: Queryable, organizationId: string, type: string) {
  locking(tx, 'webhook', organizationId)
  return tx<{ id: string }[]>`
    select id from webhooks
    where organization_id = ${organizationId} and disabled_at is null and events && ${filtersFor(type)}::text[]
    order by id for no key update`
}

function filtersFor(type: string): string[] {
  return ['*', `${type.slice(0, type.indexOf('.'))}.*`, type]
}

/** A page of an organization's events, newest first, of one type or of all. */
export function listEvents(tx: Queryable, organizationId: string, page: PageRequest, type: string | null) {
  return tx<EventRow[]>`
    select * from events
    where organization_id = ${organizationId} and (${page.after}::text is null or id < ${page.after})
      and (${type}::text is null or type = ${type})
    order by id desc limit ${page.limit + 1}`
}

/** One event, or no row. */
export function findEvent(tx: Queryable, organizationId: string, id: string) {
  return tx<EventRow[]>`select * from events where organization_id = ${organizationId} and id = ${id}`
}

/** A place in an organization's stream of events. */
export interface StreamPosition {
  readonly transactionId: string
  /** The last event that was read; empty: none of that transaction. */
  readonly id: string
  /** What had been committed when the stream began now (pg_snapshot), which is not told; null: it began after an event. */
  readonly seen: string | null
}

/**
 * Where in an organization's stream an event stands; without one, where the stream is now. No row for an id that is
 * none of its events.
 */
export function findStreamPosition(tx: Queryable, organizationId: string, id: string | null) {
  return tx<StreamPosition[]>`
    select transaction_id::text, id, null as seen from events
    where organization_id = ${organizationId} and id = ${id}
    union all
    select pg_snapshot_xmin(now)::text, '', now::text from pg_current_snapshot() as now where ${id}::text is null`
}

/**
 * The events after a place in the stream, in the order of their transactions; those alone whose transaction is older
 * than every one that still runs, so that none can come to stand before them any more.
 */
export function listEventsAfter(
  tx: Queryable,
  organizationId: string,
  after: StreamPosition,
  type: string | null,
  limit: number,
) {
  return tx<EventRow[]>`
    select organization_id, id, type, data, created_at, transaction_id::text from events
    where organization_id = ${organizationId}
      and (transaction_id, id) > (${after.transactionId}::text::xid8, ${after.id})
      and transaction_id < pg_snapshot_xmin(pg_current_snapshot())
      and (${after.seen}::text is null or not pg_visible_in_snapshot(transaction_id, ${after.seen}::text::pg_snapshot))
      and (${type}::text is null or type = ${type})
    order by transaction_id, id limit ${limit}`
}

/** Forgets events that are older than so many days, with their deliveries. */
export function forgetOldEvents(database: Database, days: number) {
  return database.begin(async (tx) => {
    await lockWebhooksOfOldEvents(tx, days)
    return tx`delete from events where created_at < now() - make_interval(days => ${days})`
  })
}
