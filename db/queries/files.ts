import type postgres from 'postgres'
import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import type { files } from '../schema/files.ts'
import { timeOf } from './clock.ts'

/** A file as stored, or one under way. */
export type FileRow = typeof files.$inferSelect

/** A file whose bytes are all there. */
export type StoredFileRow = FileRow & { contentType: string; sizeBytes: number; sha256: Buffer }

/** Whom a file belongs to: a candidate and, for an answer's recording, a question of an interview. */
export interface FileOwner {
  readonly candidateId: string
  readonly interviewId: string | null
  readonly questionId: string | null
}

/** What is known of a file once its bytes are there. */
export interface FileFacts {
  readonly name: string
  readonly contentType: string
  readonly sizeBytes: number
  /** How much was sent; a recording is stored in a better container. */
  readonly uploadedBytes: number
  readonly sha256: Buffer
}

/** A candidate who is there and was not erased, or no row. */
export function findCandidateId(tx: Queryable, organizationId: string, candidateId: string) {
  return tx<{ id: string }[]>`
    select id from candidates
    where organization_id = ${organizationId} and id = ${candidateId} and erased_at is null`
}

/** Locks a candidate against another file's count; no row where there is none. */
export function holdCandidate(tx: Queryable, organizationId: string, candidateId: string) {
  return tx<{ id: string }[]>`
    select id from candidates
    where organization_id = ${organizationId} and id = ${candidateId} and erased_at is null for no key update`
}

/** How many documents a candidate has, and how many uploads are under way to one of their interviews. */
export function countFiles(tx: Queryable, organizationId: string, owner: FileOwner) {
  return tx<{ documents: number; uploads: number }[]>`
    select count(*) filter (where interview_id is null and (state = 'stored' or lease_until > now()))::int as documents,
      count(*) filter (where interview_id = ${owner.interviewId} and state = 'uploading' and lease_until > now())::int as uploads
    from files where organization_id = ${organizationId} and candidate_id = ${owner.candidateId}`
}

/** Writes the row of an upload that begins. */
export function insertUpload(
  tx: Queryable,
  organizationId: string,
  id: string,
  owner: FileOwner,
  upload: { name: string; leaseSeconds: number },
) {
  return tx<FileRow[]>`
    insert into files (organization_id, id, candidate_id, interview_id, question_id, state, name, lease_until)
    values (${organizationId}, ${id}, ${owner.candidateId}, ${owner.interviewId}, ${owner.questionId}, 'uploading',
      ${upload.name}, now() + ${upload.leaseSeconds} * interval '1 second')
    returning *`
}

/** Gives up what else is under way to a question. */
export function deleteOtherUploads(tx: Queryable, organizationId: string, owner: FileOwner) {
  return tx`
    delete from files where organization_id = ${organizationId} and interview_id = ${owner.interviewId}
      and question_id = ${owner.questionId} and state = 'uploading'`
}

/** Says that somebody is still at work on an upload. */
export function prolongUpload(db: Queryable, id: string, leaseSeconds: number) {
  return db`
    update files set lease_until = now() + ${leaseSeconds} * interval '1 second'
    where id = ${id} and state = 'uploading'`
}

/** How many bytes an organization's stored files have. */
export function storedBytes(tx: Queryable, organizationId: string) {
  return tx<{ bytes: number }[]>`
    select coalesce(sum(size_bytes), 0)::float8 as bytes from files
    where organization_id = ${organizationId} and state = 'stored'`
}

/** Waits for other uploads of the organization that are becoming files, and holds them up until the transaction ends. */
export function holdStorage(tx: Queryable, organizationId: string) {
  return tx`select pg_advisory_xact_lock(hashtextextended(${`storage ${organizationId}`}, 0))`
}

/** Makes an upload a file; no row where it was given up meanwhile. */
export function finishUpload(tx: Queryable, organizationId: string, id: string, facts: FileFacts) {
  return tx<StoredFileRow[]>`
    update files set state = 'stored', name = ${facts.name}, content_type = ${facts.contentType},
      size_bytes = ${facts.sizeBytes}, uploaded_bytes = ${facts.uploadedBytes}, sha256 = ${facts.sha256}, lease_until = null, created_at = ${timeOf(tx, organizationId)}
    where organization_id = ${organizationId} and id = ${id} and state = 'uploading'
    returning *`
}

/** Gives an upload up; one that became a file stays. */
export function deleteUpload(db: Queryable, id: string) {
  return db`delete from files where id = ${id} and state = 'uploading'`
}

/** One file or upload, or no row. */
export function findFile(tx: Queryable, organizationId: string, id: string) {
  return tx<FileRow[]>`select * from files where organization_id = ${organizationId} and id = ${id}`
}

/** One file by its id alone, for whoever holds a link to it: the system role sees every organization's. */
export function findFileOfLink(db: Queryable, id: string) {
  return db<StoredFileRow[]>`select * from files where id = ${id} and state = 'stored'`
}

/** A candidate's documents, newest first, with one row more than asked for where there is a next page. */
export function listCandidateFiles(
  tx: Queryable,
  organizationId: string,
  candidateId: string,
  page: PageRequest,
): postgres.PendingQuery<StoredFileRow[]> {
  return tx<StoredFileRow[]>`
    select * from files
    where organization_id = ${organizationId} and candidate_id = ${candidateId} and interview_id is null
      and state = 'stored' and (${page.after}::text is null or id < ${page.after})
    order by id desc limit ${page.limit + 1}`
}

/** Deletes the recordings of a question but one. */
export function deleteReplacedRecordings(
  tx: Queryable,
  organizationId: string,
  { interviewId, questionId, fileId }: { interviewId: string; questionId: string; fileId: string },
) {
  return tx`
    delete from files where organization_id = ${organizationId} and interview_id = ${interviewId}
      and question_id = ${questionId} and state = 'stored' and id <> ${fileId}`
}

/** Deletes files; their bytes are noted for removal. */
export function deleteFiles(tx: Queryable, organizationId: string, ids: readonly string[]) {
  return tx`delete from files where organization_id = ${organizationId} and id = any(${ids as string[]})`
}
