import { createReadStream, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { ConfigError } from '../../config/config.ts'
import type { EnvironmentName } from '../../config/environment.ts'
import { type StorageLocation, storageLocation } from '../../config/storage.ts'
import { type FileStorage, openStorage } from '../files/storage.ts'

const WHOLE = { start: 0, end: Number.MAX_SAFE_INTEGER - 1 }

/** A folder or a bucket that keeps archives. */
export interface BackupPlace {
  /** How people know it; never holds a password. */
  readonly name: string
  /** Writes an archive by way of a file of this machine, and keeps it under its name once it is whole. */
  keep<T>(archive: string, write: (path: string) => Promise<{ sizeBytes: number; result: T }>): Promise<T>
  /** The archives of an environment, the oldest first. */
  list(environment: EnvironmentName): Promise<string[]>
  remove(archive: string): Promise<void>
  read(archive: string): Promise<Readable>
  close(): void
}

/** The name of an archive tells the environment and the time, so that names are in the order of time. */
export function archiveName(environment: EnvironmentName, at: Date): string {
  return `anteroom-${environment}-${at.toISOString().slice(0, 19).replaceAll(':', '')}Z.tar.age`
}

/**
 * Opens the place of a folder's path or an `s3://` URL, in the form of `STORAGE_URL`.
 * @throws ConfigError
 */
export async function openPlace(where: string): Promise<BackupPlace> {
  const problems: string[] = []
  const value = /^(file:|s3:)/.test(where) ? where : `file:${resolve(where)}`
  const location = storageLocation(value, '', problems)
  if (problems.length > 0)
    throw new ConfigError(problems.map((line) => line.replace('STORAGE_URL', 'The place of the backups')))
  return placeOf(await openStorage(location), location)
}

function placeOf(storage: FileStorage, location: StorageLocation): BackupPlace {
  const isFolder = location.kind === 'folder'
  return {
    name: isFolder ? location.folder : `s3://${location.bucket}/${location.prefix}`,
    async keep(archive, write) {
      // Of a folder: on the same disk, so that it is renamed when it is whole.
      const base = isFolder ? location.folder : tmpdir()
      await mkdir(base, { recursive: true, mode: 0o700 })
      const folder = await mkdtemp(join(base, '.anteroom-backup-'))
      try {
        const path = join(folder, archive)
        const { sizeBytes, result } = await write(path)
        await storage.adopt(archive, path, sizeBytes)
        return result
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    async list(environment) {
      const names: string[] = []
      const pattern = new RegExp(`^anteroom-${environment}-\\d{4}-\\d{2}-\\d{2}T\\d{6}Z\\.tar\\.age$`)
      for await (const key of storage.keys('')) if (pattern.test(key)) names.push(key)
      return names.sort()
    },
    remove: (archive) => storage.remove(archive),
    read: (archive) => storage.read(archive, WHOLE),
    close: () => storage.close(),
  }
}

/** An archive that can be read more than once. */
export interface ArchiveSource {
  readonly name: string
  open(): Promise<Readable>
  close(): void
}

/**
 * Finds an archive: a file, or in a folder or a bucket the newest one of the environment.
 * @param where a path, or an `s3://` URL of the archive itself or of what keeps archives
 * @throws Error where there is none
 */
export async function findArchive(where: string, environment: EnvironmentName): Promise<ArchiveSource> {
  if (!where.startsWith('s3:')) {
    const found = statSync(where, { throwIfNoEntry: false })
    if (!found) throw new Error(`There is no ${where}`)
    if (found.isFile()) return { name: where, open: async () => createReadStream(where), close: () => {} }
  }
  const { bucket, named } = apart(where)
  const place = await openPlace(bucket)
  const archive = named ?? (await place.list(environment)).at(-1)
  if (archive === undefined) {
    place.close()
    throw new Error(`There is no backup of the ${environment} environment in ${place.name}`)
  }
  return { name: join(place.name, archive), open: () => place.read(archive), close: () => place.close() }
}

/** Takes the name of an archive off an `s3://` URL. */
function apart(where: string): { bucket: string; named: string | null } {
  if (!/^s3:[^?]*\.age(\?|$)/.test(where) || !URL.canParse(where)) return { bucket: where, named: null }
  const url = new URL(where)
  const named = basename(url.pathname)
  url.pathname = dirname(url.pathname)
  return { bucket: url.href, named }
}
