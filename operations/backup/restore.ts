import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Config } from '../../config/config.ts'
import type { DatabaseLogins } from '../../db/logins.ts'
import { deleteFiles } from '../../db/queries/backup.ts'
import { type Import, importRows } from '../../db/transfer/import.ts'
import type { CopiedTable } from '../../db/transfer/tables.ts'
import { type FileStorage, openStorage } from '../files/storage.ts'
import { type ArchiveEntry, readArchive } from './archive.ts'
import type { CheckedArchive } from './check.ts'
import { kindOf } from './contents.ts'
import type { ArchiveSource } from './place.ts'
import type { RecoveryKey } from './recovery-key.ts'

const decompress = promisify(gunzip)

/** Where an archive goes. */
export interface RestoreTarget {
  readonly config: Config
  readonly logins: DatabaseLogins
}

/**
 * Writes what an archive holds into an environment that `requireEmpty` found empty and that is migrated as far as the
 * archive's. The rows come last into being, with one commit: what fails before leaves no row, and the files that were
 * written are removed.
 */
export async function restoreArchive(
  source: ArchiveSource,
  key: RecoveryKey,
  checked: CheckedArchive,
  { config, logins }: RestoreTarget,
): Promise<void> {
  const { manifest, summary } = checked
  const storage = await openStorage(config.storage)
  await mkdir(config.dataDir, { recursive: true })
  const arriving = await mkdtemp(join(config.dataDir, '.restore-'))
  const written = new Written(storage, arriving, spoolFolder(config))
  const tables = new Map(manifest.tables.map((table) => [`${table.schema}.${table.name}`, table]))
  try {
    await importRows(logins.owner, config.environment.schema, manifest.tables, async (rows) => {
      await readArchive(await source.open(), key, (entry) => takeIn(entry, rows, tables, written))
      // Their bytes were gone before they could be copied.
      if (summary.deleted.length > 0) await deleteFiles(rows.tx, summary.deleted)
    })
  } catch (error) {
    await written.undo()
    throw error
  } finally {
    await rm(arriving, { recursive: true, force: true })
    storage.close()
  }
}

async function takeIn(
  { name, sizeBytes, content }: ArchiveEntry,
  rows: Import,
  tables: ReadonlyMap<string, CopiedTable>,
  written: Written,
): Promise<void> {
  const entry = kindOf(name)
  if (entry.kind === 'piece') {
    const table = tables.get(entry.table)
    if (!table) throw new Error(`The archive has rows of ${entry.table}, which it does not describe`)
    await rows.write(table, await decompress(await buffer(Readable.from(content))))
  } else if (entry.kind === 'file') await written.file(entry.key, sizeBytes, content)
  else if (entry.kind === 'spool') await written.spool(entry.file, content)
}

/** Files that a restore has written, for the case that it fails. */
class Written {
  readonly #storage: FileStorage
  readonly #arriving: string
  readonly #spoolFolder: string
  readonly #keys: string[] = []
  readonly #paths: string[] = []

  constructor(storage: FileStorage, arriving: string, spoolFolder: string) {
    this.#storage = storage
    this.#arriving = arriving
    this.#spoolFolder = spoolFolder
  }

  async file(key: string, sizeBytes: number, content: AsyncIterable<Buffer>): Promise<void> {
    const path = join(this.#arriving, basename(key))
    await pipeline(content, createWriteStream(path, { mode: 0o600 }))
    this.#keys.push(key)
    await this.#storage.adopt(key, path, sizeBytes)
  }

  async spool(file: string, content: AsyncIterable<Buffer>): Promise<void> {
    await mkdir(this.#spoolFolder, { recursive: true, mode: 0o700 })
    const path = join(this.#spoolFolder, file)
    this.#paths.push(path)
    await pipeline(content, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }))
  }

  /** Takes back as much as can be taken back. */
  async undo(): Promise<void> {
    for (const path of this.#paths) await rm(path, { force: true }).catch(() => {})
    for (const key of this.#keys) await this.#storage.remove(key).catch(() => {})
  }
}

/**
 * What is in the way of a restore, besides rows, in words for the operator.
 */
export async function filesInTheWay(config: Config): Promise<string[]> {
  const { name } = config.environment
  const storage = await openStorage(config.storage)
  try {
    const found: string[] = []
    for (const prefix of [`${name}/`, `audit-anchors/${name}/`]) {
      for await (const key of storage.keys(prefix)) {
        found.push(`the storage holds files below ${prefix}, for example ${key}`)
        break
      }
    }
    const spools = await readdir(spoolFolder(config)).catch(() => [])
    if (spools.some((file) => file.endsWith('.log'))) found.push(`${spoolFolder(config)} holds records`)
    return found
  } finally {
    storage.close()
  }
}

function spoolFolder({ dataDir, environment }: Config): string {
  return join(dataDir, 'spool', environment.name)
}
