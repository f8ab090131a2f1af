import type { Queryable } from '../connect.ts'

/** Bytes that are to be removed. */
export interface RemovalRow {
  readonly organizationId: string
  readonly fileId: string
}

/** Gives up uploads that nobody is at work on any more. */
export function deleteStaleUploads(db: Queryable) {
  return db`delete from files where state = 'uploading' and lease_until < now()`
}

/** Some of what is to be removed, the oldest first. */
export function listRemovals(db: Queryable, limit: number) {
  return db<RemovalRow[]>`
    select organization_id, file_id from file_removals order by created_at limit ${limit}`
}

/** Forgets what has been removed. */
export function forgetRemovals(tx: Queryable, fileIds: readonly string[]) {
  return tx`delete from file_removals where file_id = any(${fileIds as string[]})`
}

/** Which of these ids have a row, and in which state. */
export function statesOfFiles(db: Queryable, ids: readonly string[]) {
  return db<{ id: string; state: string }[]>`select id, state from files where id = any(${ids as string[]})`
}

/** Stored files in the order of their ids, `limit` of them from `after` on: their keys, to compare with the storage. */
export function listStoredKeys(db: Queryable, organizationId: string, after: string, limit: number) {
  return db<{ id: string }[]>`
    select id from files where organization_id = ${organizationId} and state = 'stored' and id > ${after}
    order by id limit ${limit}`
}
