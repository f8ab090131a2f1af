import { bigint, index, integer, pgTable, primaryKey } from 'drizzle-orm/pg-core'
import { users } from './accounts.ts'
import { bytes, createdAt, id, instant } from './columns.ts'

/** A user's authenticator app. */
export const totp = pgTable('totp', {
  userId: id('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** Sealed with ENCRYPTION_KEY. */
  secret: bytes('secret').notNull(),
  /** The last 30-second step whose code was used: a code counts once. */
  lastStep: bigint('last_step', { mode: 'number' }).notNull().default(0),
  createdAt: createdAt(),
  /** Null until the first code was shown. */
  confirmedAt: instant('confirmed_at'),
})

/** Codes for who lost the authenticator: hashes alone. */
export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    userId: id('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    hash: bytes('hash').notNull(),
    usedAt: instant('used_at'),
  },
  (table) => [primaryKey({ columns: [table.userId, table.hash] })],
)

/** Failed log-ins, by an account and the place that the tries came from. */
export const loginThrottles = pgTable(
  'login_brakes',
  {
    /** SHA-256 of what is counted. */
    key: bytes('key').primaryKey(),
    failures: integer('failures').notNull(),
    notBefore: instant('not_before').notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [index('login_brakes_updated').on(table.updatedAt)],
)
