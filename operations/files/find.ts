import type { FileRow, StoredFileRow } from '../../db/queries/files.ts'
import { notFound } from '../../schemas/errors.ts'

/** @returns the file @throws ApiError 404 where there is none, or an upload that is not a file yet */
export function requireStored(row: FileRow | undefined): StoredFileRow {
  if (row?.state !== 'stored') throw notFound('File')
  return row as StoredFileRow
}
