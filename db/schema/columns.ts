import { sql } from 'drizzle-orm'
import { customType, timestamp } from 'drizzle-orm/pg-core'

/** An id. Ids sort by the bytes of their text, whatever locale the database was made with. */
export const id = customType<{ data: string }>({ dataType: () => 'text collate "C"' })

/** Raw bytes: hashes and sealed values. */
export const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** A point in time, kept to the millisecond as the API shows it. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

/** When a row was made. */
export const createdAt = () => instant('created_at').notNull().defaultNow()

/** The tenant that a row belongs to. */
export const organizationId = () => id('organization_id').notNull()

/** The id of the transaction that wrote the row, which never comes again (PostgreSQL's 64-bit xid8); text here. */
export const transactionId = () =>
  customType<{ data: string }>({ dataType: () => 'xid8' })('transaction_id')
    .notNull()
    .default(sql`pg_current_xact_id()`)
