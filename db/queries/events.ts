import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import type { events } from '../schema/events.ts'

/** An event as stored. */
export type EventRow = typeof events.$inferSelect

/** Writes an event; it is there when the transaction commits. */
export function insertEvent(tx: Queryable, event: Pick<EventRow, 'organizationId' | 'id' | 'type' | 'data'>) {
  return tx`
    insert into events (organization_id, id, type, data)
    values (${event.organizationId}, ${event.id}, ${event.type}, ${tx.json(event.data as never)})`
}

/** A page of an organization's events, newest first, of one type or of all. */
export function listEvents(tx: Queryable, organizationId: string, page: PageRequest, type: string | null) {
  return tx<EventRow[]>`
    select * from events
    where organization_id = ${organizationId} and (${page.after}::text is null or id < ${page.after})
      and (${type}::text is null or type = ${type})
    order by id desc limit ${page.limit + 1}`
}

/** Forgets events that are older than so many days. */
export function forgetOldEvents(db: Queryable, days: number) {
  return db`delete from events where created_at < now() - make_interval(days => ${days})`
}
