import { sql } from 'drizzle-orm'
import { bigint, customType, index, pgTable } from 'drizzle-orm/pg-core'
import { id, instant } from './columns.ts'

const transactionId = customType<{ data: string }>({ dataType: () => 'xid8' })

/** A process that serves this environment, and how long it may answer from memory. */
export const replicas = pgTable('replicas', {
  id: id('id').primaryKey(),
  leaseUntil: instant('lease_until').notNull(),
  startedAt: instant('started_at').notNull().defaultNow(),
})

/** A change to what a credential means, for replicas that missed its announcement. */
export const changes = pgTable(
  'changes',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    transactionId: transactionId('transaction_id').notNull().default(sql`pg_current_xact_id()`),
    tag: id('tag').notNull(),
    at: instant('at').notNull().defaultNow(),
  },
  (table) => [
    index('changes_transaction').on(table.transactionId),
    index('changes_tag').on(table.tag, table.id.desc()),
    index('changes_at').on(table.at),
  ],
)
