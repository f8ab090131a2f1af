import { sql } from 'drizzle-orm'
import {
  check,
  customType,
  foreignKey,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
} from 'drizzle-orm/pg-core'
import { organizations } from './accounts.ts'
import { createdAt, id, instant, organizationId } from './columns.ts'

const words = customType<{ data: string }>({ dataType: () => 'tsvector' })

/** People who are invited. One who was erased keeps the row, without anything of the person. */
export const candidates = pgTable(
  'candidates',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: id('id').notNull(),
    /** In small letters; null once erased. */
    email: id('email'),
    name: text('name').notNull(),
    phone: text('phone'),
    externalId: text('external_id'),
    metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull().default({}),
    /** The words of name, e-mail, phone and external id, as `fold` writes them. A trigger keeps `candidate_words` by it. */
    searchText: text('search_text').notNull().default(''),
    /** Read by nothing since `candidate_words`. */
    search: words('search')
      .notNull()
      .generatedAlwaysAs(sql`array_to_tsvector(array_remove(string_to_array(search_text, ' '), ''))`),
    createdAt: createdAt(),
    erasedAt: instant('erased_at'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.id] }),
    unique('candidates_email').on(table.organizationId, table.email),
    index('candidates_external')
      .on(table.organizationId, table.externalId)
      .where(sql`${table.externalId} is not null`),
    check('candidates_erased', sql`(${table.erasedAt} is null) = (${table.email} is not null)`),
  ],
)

/** The words that a candidate is found by. */
export const candidateWords = pgTable(
  'candidate_words',
  {
    organizationId: organizationId(),
    word: id('word').notNull(),
    candidateId: id('candidate_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.word, table.candidateId] }),
    foreignKey({
      columns: [table.organizationId, table.candidateId],
      foreignColumns: [candidates.organizationId, candidates.id],
    }).onDelete('cascade'),
    index('candidate_words_candidate').on(table.organizationId, table.candidateId),
  ],
)
