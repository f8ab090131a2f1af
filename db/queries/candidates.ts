import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { candidates } from '../schema/candidates.ts'

type Stored = typeof candidates.$inferSelect

/** A candidate as stored, who was not erased. */
export type CandidateRow = Pick<
  Stored,
  'organizationId' | 'id' | 'name' | 'phone' | 'externalId' | 'metadata' | 'createdAt'
> & { email: string }

/** What a caller may set on a candidate, with the words it is found by. */
export type CandidateFields = Pick<CandidateRow, 'email' | 'name' | 'phone' | 'externalId' | 'metadata'> & {
  searchText: string
}

/** What a list is narrowed by; null: not at all. */
export interface CandidateFilter {
  readonly email: string | null
  readonly externalId: string | null
  readonly campaignId: string | null
  /** Each must begin a word of the candidate. */
  readonly words: readonly string[]
}

/** Behind every word that begins with the same text: the collation is "C". */
const LAST_CHARACTER = '\u{10ffff}'

const columns = (tx: Queryable) =>
  tx`organization_id, id, email, name, phone, external_id, metadata, created_at`

/** A page of candidates, newest first. */
export function listCandidates(
  tx: Queryable,
  organizationId: string,
  page: PageRequest,
  filter: CandidateFilter,
) {
  return tx<CandidateRow[]>`
    select ${columns(tx)} from candidates
    where organization_id = ${organizationId} and erased_at is null
      and (${page.after}::text is null or id < ${page.after})
      and (${filter.email}::text is null or email = ${filter.email})
      and (${filter.externalId}::text is null or external_id = ${filter.externalId})
      ${filter.words.length === 0 ? tx`` : filter.words.map((word) => beginsAWord(tx, organizationId, word))}
      ${
        filter.campaignId === null
          ? tx``
          : tx`and exists (select from invites where invites.organization_id = candidates.organization_id
              and candidate_id = candidates.id and campaign_id = ${filter.campaignId})`
      }
    order by id desc limit ${page.limit + 1}`
}

const beginsAWord = (tx: Queryable, organizationId: string, word: string) => tx`
  and id in (
    select candidate_id from candidate_words
    where organization_id = ${organizationId} and word >= ${word} and word < ${word + LAST_CHARACTER})`

/** One candidate, or no row. */
export function findCandidate(tx: Queryable, organizationId: string, id: string) {
  return tx<CandidateRow[]>`
    select ${columns(tx)} from candidates
    where organization_id = ${organizationId} and id = ${id} and erased_at is null`
}

/** One candidate, locked until the transaction ends. */
export function lockCandidate(tx: Queryable, organizationId: string, id: string) {
  locking(tx, 'candidate', organizationId)
  return tx<CandidateRow[]>`
    select ${columns(tx)} from candidates
    where organization_id = ${organizationId} and id = ${id} and erased_at is null for no key update`
}

/** One candidate by id or e-mail, who is not erased before the transaction ends. */
export function holdCandidate(tx: Queryable, organizationId: string, by: { id: string } | { email: string }) {
  locking(tx, 'candidate', organizationId)
  return tx<CandidateRow[]>`
    select ${columns(tx)} from candidates
    where organization_id = ${organizationId} and erased_at is null
      and ${'id' in by ? tx`id = ${by.id}` : tx`email = ${by.email}`} for share`
}

/** Makes a candidate; no row where the organization has one of that e-mail. */
export function insertCandidate(tx: Queryable, organizationId: string, id: string, fields: CandidateFields) {
  return tx<CandidateRow[]>`
    insert into candidates (organization_id, id, email, name, phone, external_id, metadata, search_text)
    values (${organizationId}, ${id}, ${fields.email}, ${fields.name}, ${fields.phone}, ${fields.externalId},
      ${tx.json(fields.metadata as never)}, ${fields.searchText})
    on conflict (organization_id, email) do nothing
    returning ${columns(tx)}`
}

/** Writes every field that a caller may set. */
export function updateCandidate(tx: Queryable, organizationId: string, id: string, fields: CandidateFields) {
  return tx<CandidateRow[]>`
    update candidates set email = ${fields.email}, name = ${fields.name}, phone = ${fields.phone},
      external_id = ${fields.externalId}, metadata = ${tx.json(fields.metadata as never)}, search_text = ${fields.searchText}
    where organization_id = ${organizationId} and id = ${id}
    returning ${columns(tx)}`
}
