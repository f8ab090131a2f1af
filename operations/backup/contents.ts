import type { EnvironmentName } from '../../config/environment.ts'
import type { CopiedTable } from '../../db/transfer/tables.ts'

/** The form of an archive; a newer one is refused. */
export const FORMAT = 1

/** The first entry of an archive: what it is. */
export interface Manifest {
  readonly format: number
  /** The version of Anteroom that wrote it. */
  readonly version: string
  /** RFC 3339. */
  readonly createdAt: string
  readonly environment: EnvironmentName
  /** The newest migration of its database. */
  readonly migration: { readonly tag: string; readonly when: number }
  readonly postgresql: string
  readonly tables: readonly CopiedTable[]
  /** A known text, sealed with the encryption key of the database, in base64; null: none was kept yet. */
  readonly canary: string | null
}

/** The last entry of an archive. */
export interface Summary {
  /** How many pieces of rows each table has. */
  readonly pieces: Readonly<Record<string, number>>
  readonly files: number
  readonly spoolSegments: number
  /** Files that were deleted while the archive was written: their rows go too when it is restored. */
  readonly deleted: readonly FilePlace[]
  /** Files whose bytes were missing or changed in the storage already. */
  readonly damaged: readonly FilePlace[]
}

/** A file, by its organization. */
export interface FilePlace {
  readonly organizationId: string
  readonly id: string
}

/** The names of the entries of an archive. */
export const names = {
  manifest: 'manifest.json',
  summary: 'summary.json',
  /** Of an installation without `ENCRYPTION_KEY`: the key that it made in its data folder. */
  encryptionKey: 'encryption.key',
  piece: (table: CopiedTable, number: number) =>
    `database/${table.schema}.${table.name}/${String(number).padStart(6, '0')}.copy.gz`,
  file: (key: string) => `files/${key}`,
  spool: (file: string) => `spool/${file}`,
} as const

/** What an entry of an archive is, by its name. */
export type EntryKind =
  | { readonly kind: 'manifest' | 'summary' | 'encryptionKey' }
  | { readonly kind: 'piece'; readonly table: string }
  | { readonly kind: 'file'; readonly key: string }
  | { readonly kind: 'spool'; readonly file: string }

/**
 * Reads the name of an entry.
 * @throws Error for one that this version does not know, or that leads out of its folder
 */
export function kindOf(name: string): EntryKind {
  if (name === names.manifest) return { kind: 'manifest' }
  if (name === names.summary) return { kind: 'summary' }
  if (name === names.encryptionKey) return { kind: 'encryptionKey' }
  const table = /^database\/([^/]+)\/\d+\.copy\.gz$/.exec(name)?.[1]
  if (table !== undefined) return { kind: 'piece', table }
  const key = /^files\/((?:[\w-]+\/)*[\w.-]+)$/.exec(name)?.[1]
  if (key !== undefined) return { kind: 'file', key }
  const file = /^spool\/([\w-]+\.\d+\.log)$/.exec(name)?.[1]
  if (file !== undefined) return { kind: 'spool', file }
  throw new Error(`The archive holds ${JSON.stringify(name)}, which this version does not know`)
}
