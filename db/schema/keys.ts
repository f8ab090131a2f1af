import { sql } from 'drizzle-orm'
import { bigint, foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { organizations } from './accounts.ts'
import { createdAt, id, instant, organizationId } from './columns.ts'

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
    /** 16 bits of the secret's SHA-256: a wrong secret is known for one before bcrypt. */
    secretTag: integer('secret_tag').notNull(),
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
    rotatedAt: instant('rotated_at'),
    revokedAt: instant('revoked_at'),
    revokedReason: text('revoked_reason'),
    /** When the member who made it left. */
    creatorLeftAt: instant('creator_left_at'),
    /** When it was told that the key is old enough to be rotated. */
    rotationDueAt: instant('rotation_due_at'),
    /** The expiry whose coming was told of. */
    expiringToldFor: instant('expiring_told_for'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    unique('keys_public_id').on(table.publicId),
    index('keys_expiry')
      .on(table.expiresAt)
      .where(sql`${table.expiresAt} is not null and ${table.revokedAt} is null`),
    index('keys_creator')
      .on(table.organizationId, table.createdBy)
      .where(sql`${table.createdBy} is not null`),
    index('keys_replaced_by')
      .on(table.organizationId, table.replacedBy)
      .where(sql`${table.replacedBy} is not null`),
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

/** Public keys that a secret-scanning partner signs its reports with; of the whole environment, kept by the operator. */
export const leakKeys = pgTable('leak_keys', {
  keyIdentifier: text('key_identifier').primaryKey(),
  publicKey: text('public_key').notNull(),
  createdAt: createdAt(),
})
