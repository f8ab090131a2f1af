import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { organizations } from './accounts.ts'
import { createdAt, id, instant, organizationId } from './columns.ts'

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
