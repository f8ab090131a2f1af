import { index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { organizations } from './accounts.ts'
import { createdAt, id, organizationId, transactionId } from './columns.ts'

/** What happened in an organization, for whoever asks and for webhooks. Kept 30 days. */
export const events = pgTable(
  'events',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: id('id').notNull(),
    type: text('type').notNull(),
    /** The object as the API shows it; never a secret. */
    data: jsonb('data').$type<Record<string, unknown>>().notNull(),
    createdAt: createdAt(),
    /** The transaction that it came with: who reads in this order, below the oldest that still runs, misses none. */
    transactionId: transactionId(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    index('events_type').on(table.organizationId, table.type, table.id.desc()),
    index('events_stream').on(table.organizationId, table.transactionId, table.id),
    index('events_created').on(table.createdAt),
  ],
)
