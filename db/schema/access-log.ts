import { bigint, date, foreignKey, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { organizations } from './accounts.ts'
import { id, instant, organizationId } from './columns.ts'
import { keys } from './keys.ts'

// `access_logs` itself is partitioned, which drizzle does not know: it stands in the migration alone.

const count = (name: string) => bigint(name, { mode: 'number' }).notNull()
const ofKey = { organizationId: organizationId(), keyId: id('key_id').notNull() }

/** A key's requests and refused authentications by the hour. */
export const keyUsage = pgTable(
  'key_usage',
  { ...ofKey, hour: instant('hour').notNull(), requests: count('requests'), failures: count('failures') },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.keyId, table.hour] }),
    foreignKey({
      columns: [table.organizationId, table.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }).onDelete('cascade'),
  ],
)

/** An organization's requests and refused authentications by the hour, whatever credential was used. */
export const organizationUsage = pgTable(
  'organization_usage',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    hour: instant('hour').notNull(),
    requests: count('requests'),
    failures: count('failures'),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.hour] })],
)

/** Who uses a key. */
export const keyCallers = pgTable(
  'key_callers',
  {
    ...ofKey,
    ip: text('ip').notNull(),
    /** Empty where the caller names none. */
    userAgent: text('user_agent').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
    count: count('count'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.keyId, table.ip, table.userAgent] }),
    foreignKey({
      columns: [table.organizationId, table.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }).onDelete('cascade'),
  ],
)

/** What the successful requests of a key needed, and where they came from, by the day. */
export const keyNeeds = pgTable(
  'key_needs',
  {
    ...ofKey,
    day: date('day').notNull(),
    access: text('access').notNull(),
    ip: text('ip').notNull(),
    requests: count('requests'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.keyId, table.day, table.access, table.ip] }),
    foreignKey({
      columns: [table.organizationId, table.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }).onDelete('cascade'),
  ],
)

/** How far each process's spool has been written to the database. */
export const logSpools = pgTable('log_spools', {
  id: id('id').primaryKey(),
  /** Bytes since the spool began. */
  position: count('position'),
  updatedAt: instant('updated_at').notNull().defaultNow(),
})
