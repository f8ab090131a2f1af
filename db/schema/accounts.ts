import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { bytes, createdAt, id, instant, organizationId } from './columns.ts'

/** A tenant. Everything with an `organization_id` belongs to one and is fenced by row-level security. */
export const organizations = pgTable(
  'organizations',
  {
    id: id('id').primaryKey(),
    name: text('name').notNull(),
    plan: text('plan').notNull().default('free'),
    /** Web origins whose pages may call the embed routes. */
    allowedOrigins: text('allowed_origins').array().notNull().default(sql`'{}'`),
    /** Whether every member needs a second factor. */
    requireTotp: boolean('require_totp').notNull().default(false),
    createdAt: createdAt(),
    /** What happens to a key that was found in public: `revoke`, or `report` to the owners alone. */
    leakedKeys: text('leaked_keys').notNull().default('revoke'),
    /** How far the organization's own time is ahead; 0 but in a sandbox whose clock was moved. */
    clockOffsetSeconds: integer('clock_offset_seconds').notNull().default(0),
    /** For how long recordings are kept. */
    mediaRetentionDays: integer('media_retention_days').notNull().default(90),
  },
  (table) => [
    check('organizations_leaked_keys', sql`${table.leakedKeys} in ('revoke', 'report')`),
    index('organizations_origins').using('gin', table.allowedOrigins),
  ],
)

/** A person. One e-mail address is one user, who may belong to several organizations. */
export const users = pgTable(
  'users',
  {
    id: id('id').primaryKey(),
    /** In small letters. */
    email: text('email').notNull(),
    name: text('name').notNull(),
    passwordHash: text('password_hash').notNull(),
    createdAt: createdAt(),
  },
  (table) => [uniqueIndex('users_email').on(table.email)],
)

/** Who belongs to an organization, as what. */
export const memberships = pgTable(
  'memberships',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    userId: id('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text('role').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.userId] }),
    index('memberships_user').on(table.userId),
    check('memberships_role', sql`${table.role} in ('owner', 'admin', 'member', 'viewer')`),
  ],
)

/** A log-in: the family of tokens that came from it, or the dashboard's cookie. */
export const sessions = pgTable(
  'sessions',
  {
    organizationId: organizationId(),
    id: id('id').notNull(),
    userId: id('user_id').notNull(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    createdAt: createdAt(),
    /** Not read: see `sessionUses`. Processes of the version before 0014 still write it. */
    lastUsedAt: instant('last_used_at').notNull().defaultNow(),
    endedAt: instant('ended_at'),
    kind: text('kind').notNull().default('token'),
    /** Not read, as `lastUsedAt`. */
    authenticatedAt: instant('authenticated_at').notNull().defaultNow(),
    /** The end that no use puts off. */
    expiresAt: instant('expires_at').notNull().default(sql`now() + interval '90 days'`),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    index('sessions_user').on(table.organizationId, table.userId),
    index('sessions_person').on(table.userId, table.id.desc()),
    check('sessions_kind', sql`${table.kind} in ('token', 'dashboard')`),
    foreignKey({
      columns: [table.organizationId, table.userId],
      foreignColumns: [memberships.organizationId, memberships.userId],
    }).onDelete('cascade'),
  ],
)

/**
 * What a session's use writes, apart from the session itself: a write locks its session's row in share mode, and must
 * neither wait for a use to be noted nor hold it up. A session without a row was not used since it was opened.
 */
export const sessionUses = pgTable(
  'session_uses',
  {
    organizationId: organizationId(),
    sessionId: id('session_id').notNull(),
    lastUsedAt: instant('last_used_at').notNull().defaultNow(),
    /** When the person last proved who they are. */
    authenticatedAt: instant('authenticated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.sessionId] }),
    foreignKey({
      columns: [table.organizationId, table.sessionId],
      foreignColumns: [sessions.organizationId, sessions.id],
    }).onDelete('cascade'),
  ],
)

/** Access and refresh tokens of log-ins: hashes alone. Found by hash, before the tenant is known. */
export const tokens = pgTable(
  'tokens',
  {
    hash: bytes('hash').primaryKey(),
    organizationId: organizationId(),
    sessionId: id('session_id').notNull(),
    kind: text('kind').notNull(),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
    /** When a refresh token was exchanged for its successors. */
    usedAt: instant('used_at'),
    /** Those successors, sealed with a key that only the used token's text gives. */
    successors: bytes('successors'),
  },
  (table) => [
    index('tokens_session').on(table.organizationId, table.sessionId),
    index('tokens_expiry').on(table.expiresAt),
    check('tokens_kind', sql`${table.kind} in ('access', 'refresh', 'cookie')`),
    foreignKey({
      columns: [table.organizationId, table.sessionId],
      foreignColumns: [sessions.organizationId, sessions.id],
    }).onDelete('cascade'),
  ],
)
