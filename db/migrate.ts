import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type postgres from 'postgres'
import { ConfigError } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import type { Queryable } from './connect.ts'
import { installJobs, jobSchema } from './jobs.ts'
import type { DatabaseLogins } from './logins.ts'
import journal from './migrations/meta/_journal.json' with { type: 'json' }
import { ownerClient } from './owner-client.ts'
import { dropStaleLogins, prepareRoles } from './roles.ts'

const MIGRATIONS_TABLE = '__drizzle_migrations'
const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url))
/** A migration, and its place in the order of all. */
export interface Migration {
  readonly tag: string
  readonly when: number
}

/** The migrations that this version knows, the oldest first. */
export const migrations: readonly Migration[] = journal.entries

const MIGRATION_LOCK = 4_617_315_517

/**
 * Brings an environment's schema up to date: creates the schema, the roles and the logins, then applies what is missing
 * of the SQL files, all of them in one transaction, and then the job queue's own tables. Several processes may call
 * it at once: they take turns.
 * @param options.dropStaleLogins also drop logins that were created with an earlier encryption key
 * @param options.until apply nothing that came after this migration: for rows of an older version
 * @returns the names of the SQL files that this call applied
 * @throws ConfigError when a newer version has migrated the schema
 */
export async function migrate(
  logins: DatabaseLogins,
  environment: Environment,
  options: { dropStaleLogins?: boolean; until?: Migration } = {},
): Promise<string[]> {
  const client = ownerClient(logins.owner, { connection: { search_path: environment.schema } })
  try {
    // A lock of the whole database, not of the schema.
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`
    const applied = await newestMigration(client)
    requireKnown(applied)
    for (const schema of [environment.schema, jobSchema(environment)]) await createSchema(client, schema)
    await prepareRoles(client, environment, logins)
    const wanted = migrations.filter(({ when }) => when <= (options.until?.when ?? Number.POSITIVE_INFINITY))
    // The migrator's own rule: what is newer than the newest migration that was applied is missing.
    const missing = wanted.filter(({ when }) => when > applied).map(({ tag }) => tag)
    if (missing.length > 0) await applyMigrations(client, environment, wanted.length)
    await installJobs(logins.owner, environment)
    if (!options.until) await letSystemRead(client, environment)
    if (options.dropStaleLogins) await dropStaleLogins(client, environment, logins)
    return missing
  } finally {
    await client.end()
  }
}

/**
 * Refuses a database that a newer version has migrated: this one does not know what its columns mean.
 * @param applied as {@link newestMigration} gives it
 * @throws ConfigError
 */
export function requireKnown(applied: number): void {
  if (applied <= (migrations.at(-1)?.when ?? 0)) return
  throw new ConfigError([
    'The database was migrated by a newer version of Anteroom: start that version, or restore a backup (docs/operations/upgrade.md)',
  ])
}

/** The same for who does not migrate. */
export async function requireKnownSchema(logins: DatabaseLogins, { schema }: Environment): Promise<void> {
  const client = ownerClient(logins.owner, { fetch_types: false, connection: { search_path: schema } })
  try {
    requireKnown(await newestMigration(client))
  } finally {
    await client.end({ timeout: 1 })
  }
}

/**
 * When the newest migration was written that an environment has; 0: it has none.
 * @param db works in the environment's schema, as the owner of the tables or the system
 */
export async function newestMigration(db: Queryable): Promise<number> {
  const [table] = await db<{ made: boolean }[]>`select to_regclass(${MIGRATIONS_TABLE}) is not null as made`
  if (!table?.made) return 0
  const [newest] = await db<{ at: number }[]>`
    select coalesce(max(created_at), 0)::float8 as at from ${db(MIGRATIONS_TABLE)}`
  return newest?.at ?? 0
}

/** How many migrations of this version a schema lacks. @param applied as {@link newestMigration} gives it */
export function missingMigrations(applied: number): readonly Migration[] {
  return migrations.filter(({ when }) => when > applied)
}

// An owner who may not create schemas may have got them from an administrator: `if not exists` would ask for the right.
async function createSchema(client: postgres.Sql, schema: string): Promise<void> {
  const [known] = await client`select from pg_namespace where nspname = ${schema}`
  if (!known) await client`create schema if not exists ${client(schema)}`
}

// For processes that start without the owner's login (`--without-migrate`).
async function letSystemRead(client: postgres.Sql, { systemRole }: Environment): Promise<void> {
  await client`grant select on ${client(MIGRATIONS_TABLE)}, encryption_canary to ${client(systemRole)}`
}

// Loaded only where there is something to apply: drizzle is a quarter of what a start has to read.
async function applyMigrations(client: postgres.Sql, environment: Environment, count: number): Promise<void> {
  const { drizzle } = await import('drizzle-orm/postgres-js')
  const { migrate: apply } = await import('drizzle-orm/postgres-js/migrator')
  const some = count < migrations.length ? await firstMigrations(count) : null
  try {
    await apply(drizzle({ client }), {
      migrationsFolder: some ?? migrationsFolder,
      migrationsSchema: environment.schema,
      migrationsTable: MIGRATIONS_TABLE,
    })
  } finally {
    if (some) await rm(some, { recursive: true, force: true })
  }
}

/** The migrator takes a folder and applies all of it: a folder that holds the first `count`. */
async function firstMigrations(count: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-migrations-'))
  const entries = journal.entries.slice(0, count)
  await mkdir(join(folder, 'meta'))
  await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify({ ...journal, entries }))
  for (const { tag } of entries)
    await copyFile(join(migrationsFolder, `${tag}.sql`), join(folder, `${tag}.sql`))
  return folder
}
