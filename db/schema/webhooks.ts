import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
} from 'drizzle-orm/pg-core'
import { organizations } from './accounts.ts'
import { bytes, createdAt, id, instant, organizationId } from './columns.ts'
import { events } from './events.ts'

/** Where an organization wants its events delivered. */
export const webhooks = pgTable(
  'webhooks',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: id('id').notNull(),
    url: text('url').notNull(),
    description: text('description'),
    /** Types, `noun.*` or `*`. */
    events: text('events').array().notNull(),
    /** Sealed: the current secret and those that a rotation lets live on. */
    secrets: bytes('secrets').notNull(),
    disabledAt: instant('disabled_at'),
    disabledReason: text('disabled_reason').$type<'request' | 'gone' | 'failing'>(),
    /** Since the first failure that no success came after. */
    failingSince: instant('failing_since'),
    /** When its owners were told that it is about to be disabled. */
    warnedAt: instant('warned_at'),
    /** The receiver asked for quiet until then (Retry-After). */
    pausedUntil: instant('paused_until'),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    check(
      'webhooks_disabled_reason',
      sql`(${table.disabledAt} is null) = (${table.disabledReason} is null) and ${table.disabledReason} in ('request', 'gone', 'failing')`,
    ),
  ],
)

/** One attempt to deliver, as it ended. */
export interface PastAttempt {
  attempt: number
  at: string
  status: number | null
  durationMs: number
  error: string | null
}

/** One event for one endpoint, with its last attempt. */
export const deliveries = pgTable(
  'deliveries',
  {
    organizationId: organizationId(),
    id: id('id').notNull(),
    webhookId: id('webhook_id').notNull(),
    eventId: id('event_id').notNull(),
    state: text('state').$type<'pending' | 'delivered' | 'failed'>().notNull().default('pending'),
    /** Attempts ever made. */
    attempt: integer('attempt').notNull().default(0),
    /** Attempts since it was last put into the queue: its place in the table of retries. */
    tries: integer('tries').notNull().default(0),
    dueAt: instant('due_at').notNull().defaultNow(),
    /** When the last attempt began. */
    at: instant('at'),
    /** The status that the receiver answered with. */
    status: smallint('status'),
    durationMs: integer('duration_ms'),
    /** The first 1,024 bytes of the receiver's answer. */
    response: text('response'),
    /** Why no answer came. */
    error: text('error'),
    earlier: jsonb('earlier').$type<PastAttempt[]>().notNull().default([]),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    unique('deliveries_once').on(table.organizationId, table.eventId, table.webhookId),
    foreignKey({
      name: 'deliveries_event',
      columns: [table.organizationId, table.eventId],
      foreignColumns: [events.organizationId, events.id],
    }).onDelete('cascade'),
    index('deliveries_webhook').on(table.organizationId, table.webhookId, table.id.desc()),
    index('deliveries_queue')
      .on(table.organizationId, table.webhookId, table.dueAt, table.eventId)
      .where(sql`state = 'pending'`),
    check('deliveries_state', sql`${table.state} in ('pending', 'delivered', 'failed')`),
  ],
)
