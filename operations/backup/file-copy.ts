import { createHash } from 'node:crypto'
import type { Database } from '../../db/connect.ts'
import { type BackedUpFile, findStoredFile } from '../../db/queries/backup.ts'
import type { FileStorage } from '../files/storage.ts'
import type { ArchiveWriter } from './archive.ts'
import { type FilePlace, names } from './contents.ts'

/** What became of the files of a snapshot. */
export interface CopiedFiles {
  copied: number
  /** Deleted since the snapshot. */
  readonly deleted: FilePlace[]
  /** Not as they were stored, or not there at all. */
  readonly damaged: FilePlace[]
}

/**
 * Copies the bytes of files. A file never changes, so the time of the copy does not matter; one that is gone was deleted
 * since the snapshot, or is missing from the storage.
 * @param prefix of the environment's keys
 */
export async function copyFiles(
  archive: ArchiveWriter,
  storage: FileStorage,
  database: Database,
  prefix: string,
  files: readonly BackedUpFile[],
): Promise<CopiedFiles> {
  const result: CopiedFiles = { copied: 0, deleted: [], damaged: [] }
  for (const file of files) {
    const key = `${prefix}${file.organizationId}/${file.id}`
    const place = { organizationId: file.organizationId, id: file.id }
    if (!(await storage.has(key))) {
      const [row] = await findStoredFile(database, file.organizationId, file.id)
      ;(row ? result.damaged : result.deleted).push(place)
      continue
    }
    const hash = createHash('sha256')
    await archive.addStream(
      names.file(key),
      file.sizeBytes,
      exactly(storage, key, file.sizeBytes, hash.update.bind(hash)),
    )
    result.copied += 1
    if (!hash.digest().equals(file.sha256)) result.damaged.push(place)
  }
  return result
}

/** The bytes of a file, with zeros for those that are missing at its end: the archive has its size already. */
async function* exactly(
  storage: FileStorage,
  key: string,
  sizeBytes: number,
  onChunk: (chunk: Buffer) => unknown,
): AsyncGenerator<Buffer> {
  let left = sizeBytes
  if (left > 0) {
    for await (const chunk of await storage.read(key, { start: 0, end: sizeBytes - 1 })) {
      left -= chunk.length
      onChunk(chunk)
      yield chunk
    }
  }
  for (; left > 0; left -= Math.min(left, ZEROS.length)) yield ZEROS.subarray(0, Math.min(left, ZEROS.length))
}

const ZEROS = Buffer.alloc(64 * 1024)
