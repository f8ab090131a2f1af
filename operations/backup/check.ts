import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { EnvironmentName } from '../../config/environment.ts'
import { unseal } from '../../credentials/seal.ts'
import { migrations } from '../../db/migrate.ts'
import { readArchive } from './archive.ts'
import { FORMAT, kindOf, type Manifest, type Summary } from './contents.ts'
import type { ArchiveSource } from './place.ts'
import type { RecoveryKey } from './recovery-key.ts'

/** What an archive says of itself, once all of it has been read. */
export interface CheckedArchive {
  readonly manifest: Manifest
  readonly summary: Summary
  /** The encryption key that the installation had made itself, in base64; null: it was configured. */
  readonly encryptionKey: string | null
}

/**
 * Reads a whole archive, so that a restore begins with nothing that it can't finish.
 * @throws Error in words for the operator: wrong recovery key, damaged, truncated, of a newer version
 */
export async function checkArchive(source: ArchiveSource, key: RecoveryKey): Promise<CheckedArchive> {
  const told: { manifest?: Manifest; summary?: Summary; encryptionKey?: string } = {}
  const pieces: Record<string, number> = {}
  let files = 0
  let spoolSegments = 0
  await readArchive(await source.open(), key, async ({ name, content }) => {
    const entry = kindOf(name)
    if (told.manifest === undefined && entry.kind !== 'manifest') throw incomplete()
    if (entry.kind === 'manifest') {
      told.manifest = JSON.parse(await text(Readable.from(content)))
      requireKnown(told.manifest as Manifest)
    } else if (entry.kind === 'summary') told.summary = JSON.parse(await text(Readable.from(content)))
    else if (entry.kind === 'encryptionKey') told.encryptionKey = (await text(Readable.from(content))).trim()
    else if (entry.kind === 'piece') pieces[entry.table] = (pieces[entry.table] ?? 0) + 1
    else if (entry.kind === 'file') files += 1
    else spoolSegments += 1
  })
  const { manifest, summary, encryptionKey = null } = told
  const counted = JSON.stringify([pieces, files, spoolSegments])
  if (!manifest || !summary) throw incomplete()
  if (counted !== JSON.stringify([summary.pieces, summary.files, summary.spoolSegments])) throw incomplete()
  return { manifest, summary, encryptionKey }
}

function incomplete(): Error {
  return new Error('The archive is not complete')
}

function requireKnown({ format, migration, version }: Manifest): void {
  const newest = migrations.at(-1)?.when ?? 0
  if (format > FORMAT || migration.when > newest)
    throw new Error(
      `The archive is of Anteroom ${version}, which is newer than this one: restore it with that version`,
    )
  if (!migrations.some(({ tag, when }) => tag === migration.tag && when === migration.when))
    throw new Error(`The archive is of a database that this version does not know (${migration.tag})`)
}

/**
 * Makes sure that an archive belongs to the environment, and that the encryption key opens its secrets.
 * @throws Error in words for the operator
 */
export function requireFits(
  { manifest }: CheckedArchive,
  environment: EnvironmentName,
  encryptionKey: Buffer,
): void {
  if (manifest.environment !== environment)
    throw new Error(
      `The archive is of the ${manifest.environment} environment: set ANTEROOM_ENV=${manifest.environment}`,
    )
  if (manifest.canary === null) return
  try {
    unseal(encryptionKey, 'encryption canary', Buffer.from(manifest.canary, 'base64'))
  } catch (cause) {
    throw new Error(
      'ENCRYPTION_KEY is not the key that sealed the secrets of this archive: set the one of its time',
      { cause },
    )
  }
}
