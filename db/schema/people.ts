import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, primaryKey, text, unique, uniqueIndex } from 'drizzle-orm/pg-core'
import { organizations, users } from './accounts.ts'
import { bytes, createdAt, id, instant, organizationId } from './columns.ts'

/** Invitations to an organization, open and past. */
export const invitations = pgTable(
  'invitations',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: id('id').notNull(),
    /** In small letters. */
    email: text('email').notNull(),
    role: text('role').notNull(),
    /** SHA-256 of the token that was mailed last. */
    tokenHash: bytes('token_hash').notNull(),
    /** Null where a key alone invited. */
    invitedBy: id('invited_by'),
    /** The key that the request came with, if any: its end withdraws the invitation. */
    invitedByKey: id('invited_by_key'),
    sentCount: integer('sent_count').notNull().default(1),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
    acceptedAt: instant('accepted_at'),
    withdrawnAt: instant('withdrawn_at'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    unique('invitations_token').on(table.tokenHash),
    uniqueIndex('invitations_open')
      .on(table.organizationId, table.email)
      .where(sql`accepted_at is null and withdrawn_at is null`),
    index('invitations_email').on(table.email),
    index('invitations_key')
      .on(table.organizationId, table.invitedByKey)
      .where(sql`accepted_at is null and withdrawn_at is null`),
    check('invitations_role', sql`${table.role} in ('owner', 'admin', 'member', 'viewer')`),
  ],
)

/** Tokens that were mailed to set a new password: hashes alone. */
export const passwordResets = pgTable(
  'password_resets',
  {
    hash: bytes('hash').primaryKey(),
    userId: id('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('password_resets_user').on(table.userId, table.createdAt)],
)

/** A change of e-mail address that waits for the consent of both addresses. */
export const emailChanges = pgTable(
  'email_changes',
  {
    userId: id('user_id')
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    newEmail: text('new_email').notNull(),
    newHash: bytes('new_hash').notNull(),
    oldHash: bytes('old_hash').notNull(),
    newConfirmedAt: instant('new_confirmed_at'),
    oldConfirmedAt: instant('old_confirmed_at'),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [unique('email_changes_new').on(table.newHash), unique('email_changes_old').on(table.oldHash)],
)
