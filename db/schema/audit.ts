import { sql } from 'drizzle-orm'
import { bigint, boolean, index, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { bytes, id, instant, organizationId } from './columns.ts'

/** Who did what to what: a chain an organization. Written by the function `append_audit` alone. */
export const auditRecords = pgTable(
  'audit_records',
  {
    organizationId: organizationId(),
    /** 1, 2, 3 … within the organization, without a gap. */
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    id: id('id').notNull(),
    at: instant('at').notNull(),
    actorType: text('actor_type').notNull(),
    userId: id('user_id'),
    credentialId: id('credential_id'),
    action: text('action').notNull(),
    targetType: text('target_type').notNull(),
    targetId: id('target_id'),
    ip: text('ip'),
    userAgent: text('user_agent'),
    requestId: id('request_id'),
    /** JSON in its canonical form (RFC 8785): text, as the hash is over its very characters. */
    changes: text('changes').notNull(),
    previousHash: bytes('previous_hash').notNull(),
    hash: bytes('hash').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.sequence] }),
    unique('audit_records_id').on(table.organizationId, table.id),
    index('audit_records_action').on(table.organizationId, table.action, table.sequence.desc()),
    index('audit_records_target').on(table.organizationId, table.targetId, table.sequence.desc()),
    index('audit_records_user').on(table.userId, table.id).where(sql`${table.userId} is not null`),
  ],
)

/** Where each organization's chain ends. */
export const auditHeads = pgTable('audit_heads', {
  organizationId: organizationId().primaryKey(),
  sequence: bigint('sequence', { mode: 'number' }).notNull().default(1),
  hash: bytes('hash').notNull(),
  /** The server's word for this end; null: nobody has vouched for it. */
  mac: bytes('mac'),
  /** The number of the newest anchor when the end was authenticated. */
  anchor: bigint('anchor', { mode: 'number' }).notNull().default(0),
  changedAt: instant('changed_at').notNull().defaultNow(),
})

/** How many anchors have been written to the storage. One row. */
export const auditAnchors = pgTable('audit_anchors', {
  one: boolean('one').primaryKey().default(true),
  newest: bigint('newest', { mode: 'number' }).notNull().default(0),
})
