import { doublePrecision, index, pgTable } from 'drizzle-orm/pg-core'
import { bytes, instant } from './columns.ts'

/** Token buckets that limit e-mail by mailbox and by sender. A row that is full again says nothing and is swept. */
export const mailAllowances = pgTable(
  'mail_allowances',
  {
    /** SHA-256 of what the bucket is for: no address is kept. */
    bucket: bytes('bucket').primaryKey(),
    /** How many messages may be sent at once. */
    level: doublePrecision('level').notNull(),
    changedAt: instant('changed_at').notNull().defaultNow(),
  },
  (table) => [index('mail_allowances_changed_at').on(table.changedAt)],
)
