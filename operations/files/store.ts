import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../db/connect.ts'
import { whyOf } from '../core/why.ts'
import { Incoming } from './incoming.ts'
import { type FileStorage, openStorage } from './storage.ts'

declare module '../core/services.ts' {
  interface Services {
    /** Rows and bytes of files. */
    readonly files: FileStore
  }
}

/** What the process log gets to hear of files. */
export interface FileLog {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** What files are made of: rows, bytes, and the folder where bytes arrive. */
export interface FileStore {
  readonly database: Database
  readonly storage: FileStorage
  readonly incoming: Incoming
  readonly log: FileLog
  /** STORAGE_PER_ORGANIZATION in bytes; null: what the plan of the organization says. */
  readonly storagePerOrganization: number | null
  /** What every key of this environment begins with; two of them may share one storage. */
  readonly prefix: string
}

/**
 * Opens the storage that is configured. What arrives is gathered within a folder of the storage, where it only has to
 * be renamed in the end, and for a bucket in the data folder.
 */
export async function openFileStore(
  config: Pick<Config, 'storage' | 'dataDir' | 'environment' | 'storagePerOrganization'>,
  database: Database,
  log: FileLog,
): Promise<FileStore> {
  const { storage: location, dataDir, environment, storagePerOrganization } = config
  const base = location.kind === 'folder' ? location.folder : dataDir
  const incoming = new Incoming(join(base, 'incoming', environment.name))
  // Everything else works without it, and the folder is made when the next upload begins.
  await incoming.open().catch((error) => {
    log.error({ why: whyOf(error) }, 'the file storage is unavailable: uploads are refused')
  })
  const storage = await openStorage(location)
  return { database, storage, incoming, log, storagePerOrganization, prefix: `${environment.name}/` }
}

/** The key of a file's bytes in the storage. */
export function keyOf(store: FileStore, organizationId: string, fileId: string): string {
  return `${store.prefix}${organizationId}/${fileId}`
}
