import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Config } from '../../config/config.ts'
import { existingEncryptionKey } from '../../config/encryption-key.ts'
import type { Database } from '../../db/connect.ts'
import type { DatabaseLogins } from '../../db/logins.ts'
import { migrations, newestMigration } from '../../db/migrate.ts'
import { readNewestAnchor } from '../../db/queries/audit.ts'
import { type BackedUpFile, databaseVersion, listStoredFiles } from '../../db/queries/backup.ts'
import { findCanary } from '../../db/queries/encryption-canary.ts'
import { type Snapshot, withSnapshot } from '../../db/transfer/export.ts'
import { type FileStorage, openStorage } from '../files/storage.ts'
import { type ArchiveWriter, writeArchive } from './archive.ts'
import { FORMAT, type Manifest, names, type Summary } from './contents.ts'
import { copyFiles } from './file-copy.ts'
import { archiveName, type BackupPlace } from './place.ts'
import { SpoolCopy } from './spool-copy.ts'

const compress = promisify(gzip)
const WHOLE = { start: 0, end: Number.MAX_SAFE_INTEGER - 1 }

/** What a backup is made of. */
export interface BackupSource {
  readonly config: Config
  readonly logins: DatabaseLogins
  readonly database: Database
  /** Of Anteroom. */
  readonly version: string
}

/** An archive that was written. */
export interface WrittenBackup {
  readonly archive: string
  readonly place: string
  readonly sizeBytes: number
  readonly summary: Summary
}

/**
 * Writes an archive of the configured environment while its servers run: the database at one moment, the bytes of its
 * files, the records of the access log that have not reached the database, and the anchors of the audit log.
 * @param recipient the half of the recovery key that encrypts
 */
export async function createBackup(
  source: BackupSource,
  place: BackupPlace,
  recipient: string,
): Promise<WrittenBackup> {
  const createdAt = new Date()
  const archive = archiveName(source.config.environment.name, createdAt)
  const storage = await openStorage(source.config.storage)
  try {
    return await place.keep(archive, async (path) => {
      let summary: Summary | undefined
      const sizeBytes = await writeArchive(path, recipient, async (writer) => {
        summary = await fill(writer, storage, source, createdAt)
      })
      return { sizeBytes, result: { archive, place: place.name, sizeBytes, summary: summary as Summary } }
    })
  } finally {
    storage.close()
  }
}

async function fill(
  archive: ArchiveWriter,
  storage: FileStorage,
  source: BackupSource,
  createdAt: Date,
): Promise<Summary> {
  const { config, logins, database } = source
  const { environment } = config
  const spool = new SpoolCopy(join(config.dataDir, 'spool', environment.name))
  try {
    await spool.hold()
    const { pieces, files, spoolSegments, newestAnchor } = await withSnapshot(
      logins,
      environment,
      async (snapshot) => {
        await archive.add(names.manifest, JSON.stringify(await describe(snapshot, source, createdAt)))
        const key = config.encryptionKey ? null : existingEncryptionKey(config)
        if (key) await archive.add(names.encryptionKey, `${key.toString('base64')}\n`)
        return {
          pieces: await copyRows(archive, snapshot),
          files: [...(await listStoredFiles(snapshot.tx))] as BackedUpFile[],
          spoolSegments: await copySpool(archive, spool),
          newestAnchor: (await readNewestAnchor(snapshot.tx))[0]?.newest ?? 0,
        }
      },
    )
    const anchors = await copyAnchors(archive, storage, `audit-anchors/${environment.name}/`, newestAnchor)
    const copied = await copyFiles(archive, storage, database, `${environment.name}/`, files)
    const { deleted, damaged } = copied
    const summary = { pieces, files: copied.copied + anchors, spoolSegments, deleted, damaged }
    await archive.add(names.summary, JSON.stringify(summary))
    return summary
  } finally {
    await spool.close()
  }
}

async function describe(snapshot: Snapshot, source: BackupSource, createdAt: Date): Promise<Manifest> {
  const when = await newestMigration(snapshot.ownerTx)
  const migration = migrations.find((known) => known.when === when)
  if (!migration)
    throw new Error('The database was migrated by a newer Anteroom: back it up with that version')
  const [server] = await databaseVersion(snapshot.tx)
  const [canary] = await findCanary(snapshot.ownerTx)
  return {
    format: FORMAT,
    version: source.version,
    createdAt: createdAt.toISOString(),
    environment: source.config.environment.name,
    migration: { tag: migration.tag, when },
    postgresql: server?.version ?? '',
    tables: snapshot.tables,
    canary: canary?.sealed.toString('base64') ?? null,
  }
}

async function copyRows(archive: ArchiveWriter, snapshot: Snapshot): Promise<Record<string, number>> {
  const pieces: Record<string, number> = {}
  for (const table of snapshot.tables) {
    let number = 0
    for await (const rows of snapshot.rows(table)) {
      await archive.add(names.piece(table, number), await compress(rows))
      number += 1
    }
    if (number > 0) pieces[`${table.schema}.${table.name}`] = number
  }
  return pieces
}

async function copySpool(archive: ArchiveWriter, spool: SpoolCopy): Promise<number> {
  await spool.hold()
  let segments = 0
  for await (const { name, content } of spool.files()) {
    await archive.add(names.spool(name), content)
    segments += 1
  }
  return segments
}

/** A later anchor than the snapshot knows of would name ends of chains that it does not have. */
async function copyAnchors(
  archive: ArchiveWriter,
  storage: FileStorage,
  prefix: string,
  newest: number,
): Promise<number> {
  let copied = 0
  for await (const key of storage.keys(prefix)) {
    if (Number.parseInt(key.slice(prefix.length), 10) > newest) continue
    // An old one may be removed meanwhile.
    if (!(await storage.has(key))) continue
    await archive.add(names.file(key), await buffer(await storage.read(key, WHOLE)))
    copied += 1
  }
  return copied
}
