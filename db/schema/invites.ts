import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { campaigns } from './campaigns.ts'
import { candidates } from './candidates.ts'
import { bytes, createdAt, id, instant, organizationId } from './columns.ts'

/** Invites to a campaign, open and past. Their times are the organization's own. */
export const invites = pgTable(
  'invites',
  {
    organizationId: organizationId(),
    id: id('id').notNull(),
    campaignId: id('campaign_id').notNull(),
    candidateId: id('candidate_id').notNull(),
    status: text('status').notNull().default('pending'),
    expiresAt: instant('expires_at').notNull(),
    /** How often it was mailed. */
    sentCount: integer('sent_count').notNull().default(0),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    foreignKey({
      columns: [table.organizationId, table.campaignId],
      foreignColumns: [campaigns.organizationId, campaigns.id],
    }).onDelete('cascade'),
    foreignKey({
      columns: [table.organizationId, table.candidateId],
      foreignColumns: [candidates.organizationId, candidates.id],
    }).onDelete('cascade'),
    index('invites_campaign').on(table.organizationId, table.campaignId, table.id.desc()),
    index('invites_candidate').on(table.organizationId, table.candidateId, table.id.desc()),
    index('invites_status').on(table.organizationId, table.status, table.id.desc()),
    index('invites_due').on(table.organizationId, table.expiresAt).where(sql`status = 'pending'`),
    check(
      'invites_status',
      sql`${table.status} in ('pending', 'started', 'completed', 'expired', 'cancelled')`,
    ),
  ],
)

/** Every token that an invite ever had: hashes alone. Found by hash, before the tenant is known. */
export const inviteTokens = pgTable(
  'invite_tokens',
  {
    hash: bytes('hash').primaryKey(),
    organizationId: organizationId(),
    inviteId: id('invite_id').notNull(),
    createdAt: createdAt(),
    usedAt: instant('used_at'),
    /** Which browser used it: a hash of its browser token and of this token. Null: it cannot come back by its link. */
    browserHash: bytes('browser_hash'),
    /** When another token took its place, or the invite ended. */
    replacedAt: instant('replaced_at'),
  },
  (table) => [
    foreignKey({
      columns: [table.organizationId, table.inviteId],
      foreignColumns: [invites.organizationId, invites.id],
    }).onDelete('cascade'),
    uniqueIndex('invite_tokens_open')
      .on(table.organizationId, table.inviteId)
      .where(sql`used_at is null and replaced_at is null`),
    index('invite_tokens_invite').on(table.organizationId, table.inviteId),
  ],
)

/** Files of more than a hundred candidates, worked through by a job. */
export const inviteBulks = pgTable(
  'invite_bulks',
  {
    organizationId: organizationId(),
    id: id('id').notNull(),
    campaignId: id('campaign_id').notNull(),
    status: text('status').notNull().default('queued'),
    options: jsonb('options').notNull(),
    /** What was read from the file; null once it is done. */
    rows: jsonb('rows'),
    results: jsonb('results').notNull().default([]),
    total: integer('total').notNull(),
    createdAt: createdAt(),
    completedAt: instant('completed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    foreignKey({
      columns: [table.organizationId, table.campaignId],
      foreignColumns: [campaigns.organizationId, campaigns.id],
    }).onDelete('cascade'),
    index('invite_bulks_completed').on(table.completedAt).where(sql`${table.completedAt} is not null`),
    check('invite_bulks_status', sql`${table.status} in ('queued', 'running', 'completed')`),
    check('invite_bulks_rows', sql`(${table.rows} is null) = (${table.completedAt} is not null)`),
  ],
)
