import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { organizations } from './accounts.ts'
import { candidates } from './candidates.ts'
import { bytes, createdAt, id, instant, organizationId } from './columns.ts'
import { interviews } from './interviews.ts'

/** Files and uploads under way; the bytes are in the storage. */
export const files = pgTable(
  'files',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: id('id').notNull(),
    candidateId: id('candidate_id').notNull(),
    /** Null: a document of the candidate. */
    interviewId: id('interview_id'),
    questionId: text('question_id'),
    state: text('state').notNull(),
    name: text('name').notNull(),
    contentType: text('content_type'),
    sizeBytes: integer('size_bytes'),
    /** How much was sent, which differs where a recording was stored in a better container. */
    uploadedBytes: integer('uploaded_bytes'),
    sha256: bytes('sha256'),
    /** While it is uploading: until when somebody is at work on it. */
    leaseUntil: instant('lease_until'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    foreignKey({
      columns: [table.organizationId, table.candidateId],
      foreignColumns: [candidates.organizationId, candidates.id],
    }).onDelete('cascade'),
    foreignKey({
      columns: [table.organizationId, table.interviewId],
      foreignColumns: [interviews.organizationId, interviews.id],
    }).onDelete('cascade'),
    uniqueIndex('files_id').on(table.id),
    index('files_candidate').on(table.organizationId, table.candidateId, table.id.desc()),
    index('files_interview')
      .on(table.organizationId, table.interviewId, table.questionId)
      .where(sql`${table.interviewId} is not null`),
    index('files_recordings')
      .on(table.organizationId, table.createdAt)
      .where(sql`${table.interviewId} is not null`),
    index('files_lease').on(table.leaseUntil).where(sql`${table.state} = 'uploading'`),
    check('files_state', sql`${table.state} in ('uploading', 'stored')`),
  ],
)

/** Bytes that nobody refers to any more. */
export const fileRemovals = pgTable(
  'file_removals',
  {
    organizationId: organizationId(),
    fileId: id('file_id').notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.fileId] })],
)
