import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core'

// Ids sort by the bytes of their text, whatever locale the database was made with.
const id = customType<{ data: string }>({ dataType: () => 'text collate "C"' })
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })
const createdAt = () => instant('created_at').notNull().defaultNow()
const organizationId = () => id('organization_id').notNull()

/** A tenant. Everything with an `organization_id` belongs to one and is fenced by row-level security. */
export const organizations = pgTable('organizations', {
  id: id('id').primaryKey(),
  name: text('name').notNull(),
  plan: text('plan').notNull().default('free'),
  /** Web origins whose pages may call the embed routes. */
  allowedOrigins: text('allowed_origins').array().notNull().default(sql`'{}'`),
  createdAt: createdAt(),
})

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

/** A log-in: the family of tokens that came from it. */
export const sessions = pgTable(
  'sessions',
  {
    organizationId: organizationId(),
    id: id('id').notNull(),
    userId: id('user_id').notNull(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    createdAt: createdAt(),
    lastUsedAt: instant('last_used_at').notNull().defaultNow(),
    endedAt: instant('ended_at'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    index('sessions_user').on(table.organizationId, table.userId),
    foreignKey({
      columns: [table.organizationId, table.userId],
      foreignColumns: [memberships.organizationId, memberships.userId],
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
    /** When a refresh token was exchanged for its successor. */
    usedAt: instant('used_at'),
  },
  (table) => [
    index('tokens_session').on(table.organizationId, table.sessionId),
    index('tokens_expiry').on(table.expiresAt),
    check('tokens_kind', sql`${table.kind} in ('access', 'refresh')`),
    foreignKey({
      columns: [table.organizationId, table.sessionId],
      foreignColumns: [sessions.organizationId, sessions.id],
    }).onDelete('cascade'),
  ],
)

/** API keys: the public id and the bcrypt hash of the secret part. */
export const keys = pgTable(
  'keys',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: id('id').notNull(),
    /** The look-up, found before the tenant is known. */
    publicId: id('public_id').notNull(),
    prefix: text('prefix').notNull(),
    name: text('name').notNull(),
    stage: text('stage').notNull(),
    secretHash: text('secret_hash').notNull(),
    scopes: text('scopes').array().notNull(),
    allowedIps: text('allowed_ips').array().notNull().default(sql`'{}'`),
    rateLimitPerMinute: integer('rate_limit_per_minute'),
    createdAt: createdAt(),
    /** Null when no user made it. */
    createdBy: id('created_by'),
    expiresAt: instant('expires_at'),
    /** When a rotated key stops working; set while its successor takes over. */
    retiresAt: instant('retires_at'),
    replacedBy: id('replaced_by'),
    revokedAt: instant('revoked_at'),
    revokedReason: text('revoked_reason'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    unique('keys_public_id').on(table.publicId),
  ],
)

/** How often a key was used and refused; apart from `keys` so that counting never waits for a change. */
export const keyCounters = pgTable(
  'key_counters',
  {
    organizationId: organizationId(),
    keyId: id('key_id').notNull(),
    requestCount: bigint('request_count', { mode: 'number' }).notNull().default(0),
    failedAttempts: bigint('failed_attempts', { mode: 'number' }).notNull().default(0),
    lastUsedAt: instant('last_used_at'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.keyId] }),
    foreignKey({
      columns: [table.organizationId, table.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }).onDelete('cascade'),
  ],
)

/** One question of a campaign, as stored and as the API shows it. */
export interface Question {
  id: string
  prompt: string
  kind: 'text' | 'audio' | 'video' | 'choice'
  options?: string[]
  timeLimitSeconds?: number
}

/** A set of questions that candidates are invited to answer. */
export const campaigns = pgTable(
  'campaigns',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: id('id').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    status: text('status').notNull(),
    language: text('language').notNull(),
    questions: jsonb('questions').$type<Question[]>().notNull(),
    inviteValidHours: integer('invite_valid_hours').notNull(),
    metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull(),
    invitedCount: integer('invited_count').notNull().default(0),
    startedCount: integer('started_count').notNull().default(0),
    completedCount: integer('completed_count').notNull().default(0),
    expiredCount: integer('expired_count').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    index('campaigns_status').on(table.organizationId, table.status, table.id.desc()),
    check('campaigns_status', sql`${table.status} in ('draft', 'active', 'paused', 'completed', 'archived')`),
  ],
)

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
