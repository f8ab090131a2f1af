import { sql } from 'drizzle-orm'
import { boolean, check, pgTable } from 'drizzle-orm/pg-core'
import { bytes, instant } from './columns.ts'

/** Proves which encryption key seals the secrets of this environment. One row. */
export const encryptionCanary = pgTable(
  'encryption_canary',
  {
    one: boolean('one').primaryKey().default(true),
    /** A known text, sealed with the key. Only the same key opens it. */
    sealed: bytes('sealed').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [check('encryption_canary_one_check', sql`${table.one}`)],
)
