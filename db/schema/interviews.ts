import { sql } from 'drizzle-orm'
import {
  check,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { campaigns, type Question } from './campaigns.ts'
import { candidates } from './candidates.ts'
import { bytes, createdAt, id, instant, organizationId } from './columns.ts'
import { invites } from './invites.ts'

/** Interviews: one an invite, from the moment that it was exchanged. Their times are the organization's own. */
export const interviews = pgTable(
  'interviews',
  {
    organizationId: organizationId(),
    id: id('id').notNull(),
    campaignId: id('campaign_id').notNull(),
    candidateId: id('candidate_id').notNull(),
    inviteId: id('invite_id').notNull(),
    status: text('status').notNull().default('created'),
    title: text('title').notNull(),
    language: text('language').notNull(),
    /** As they were when the interview began. */
    questions: jsonb('questions').$type<Question[]>().notNull(),
    startedAt: instant('started_at'),
    completedAt: instant('completed_at'),
    /** The last sign of life of the candidate's browser. */
    activeAt: instant('active_at').notNull(),
    /** Milliseconds that the candidate was at it. */
    activeMs: doublePrecision('active_ms').notNull().default(0),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    unique('interviews_invite').on(table.organizationId, table.inviteId),
    foreignKey({
      columns: [table.organizationId, table.campaignId],
      foreignColumns: [campaigns.organizationId, campaigns.id],
    }).onDelete('cascade'),
    foreignKey({
      columns: [table.organizationId, table.candidateId],
      foreignColumns: [candidates.organizationId, candidates.id],
    }).onDelete('cascade'),
    foreignKey({
      columns: [table.organizationId, table.inviteId],
      foreignColumns: [invites.organizationId, invites.id],
    }).onDelete('cascade'),
    index('interviews_campaign').on(table.organizationId, table.campaignId, table.id.desc()),
    index('interviews_candidate').on(table.organizationId, table.candidateId, table.id.desc()),
    index('interviews_status').on(table.organizationId, table.status, table.id.desc()),
    index('interviews_silent')
      .on(table.organizationId, table.activeAt)
      .where(sql`status in ('created', 'in_progress', 'paused')`),
    check(
      'interviews_status',
      sql`${table.status} in ('created', 'in_progress', 'paused', 'completed', 'abandoned')`,
    ),
  ],
)

/** What invites were exchanged for: hashes alone. Found by hash, before the tenant is known. */
export const interviewSessions = pgTable(
  'interview_sessions',
  {
    hash: bytes('hash').primaryKey(),
    organizationId: organizationId(),
    interviewId: id('interview_id').notNull(),
    createdAt: createdAt(),
    endedAt: instant('ended_at'),
  },
  (table) => [
    foreignKey({
      columns: [table.organizationId, table.interviewId],
      foreignColumns: [interviews.organizationId, interviews.id],
    }).onDelete('cascade'),
    uniqueIndex('interview_sessions_open')
      .on(table.organizationId, table.interviewId)
      .where(sql`ended_at is null`),
    index('interview_sessions_interview').on(table.organizationId, table.interviewId),
  ],
)

/** Answers, one a question; another one to the same question takes its place. */
export const answers = pgTable(
  'answers',
  {
    organizationId: organizationId(),
    interviewId: id('interview_id').notNull(),
    questionId: id('question_id').notNull(),
    kind: text('kind').notNull(),
    text: text('text'),
    choice: text('choice'),
    fileId: id('file_id'),
    /** How long the candidate took, as the browser measured it. */
    durationSeconds: integer('duration_seconds'),
    answeredAt: instant('answered_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.interviewId, table.questionId] }),
    foreignKey({
      columns: [table.organizationId, table.interviewId],
      foreignColumns: [interviews.organizationId, interviews.id],
    }).onDelete('cascade'),
    index('answers_file').on(table.organizationId, table.fileId).where(sql`${table.fileId} is not null`),
    check('answers_kind', sql`${table.kind} in ('text', 'audio', 'video', 'choice')`),
  ],
)
