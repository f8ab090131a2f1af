import { index, integer, pgTable, primaryKey } from 'drizzle-orm/pg-core'
import { organizations } from './accounts.ts'
import { bytes, createdAt, organizationId } from './columns.ts'

/** First responses to POSTs that carried an `Idempotency-Key`, sealed, for 24 hours. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    /** SHA-256 of who asked and the header's value. */
    keyHash: bytes('key_hash').notNull(),
    /** SHA-256 of method, path and body. */
    requestHash: bytes('request_hash').notNull(),
    status: integer('status').notNull(),
    response: bytes('response').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.keyHash] }),
    index('idempotency_keys_created').on(table.createdAt),
  ],
)
