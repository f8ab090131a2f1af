import { fileURLToPath } from 'node:url'
import type postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import { installJobs } from './jobs.ts'
import type { DatabaseLogins } from './logins.ts'
import journal from './migrations/meta/_journal.json' with { type: 'json' }
import { ownerClient } from './owner-client.ts'
import { dropStaleLogins, prepareRoles } from './roles.ts'

const MIGRATIONS_TABLE = '__drizzle_migrations'
const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url))
const MIGRATION_LOCK = 4_617_315_517

/**
 * Brings an environment's schema up to date: creates the schema, the roles and the logins, then applies what is missing
 * of the SQL files, all of them in one transaction, and then the job queue's own tables. Several processes may call
 * it at once: they take turns.
 * @param options.dropStaleLogins also drop logins that were created with an earlier encryption key
 * @returns the names of the SQL files that this call applied
 */
export async function migrate(
  logins: DatabaseLogins,
  environment: Environment,
  options: { dropStaleLogins?: boolean } = {},
): Promise<string[]> {
  const client = ownerClient(logins.owner, { connection: { search_path: environment.schema } })
  try {
    // A lock of the whole database, not of the schema.
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`
    await client`create schema if not exists ${client(environment.schema)}`
    await prepareRoles(client, environment, logins)
    const missing = await missingMigrations(client)
    if (missing.length > 0) await applyMigrations(client, environment)
    await installJobs(logins.owner, environment)
    if (options.dropStaleLogins) await dropStaleLogins(client, environment, logins)
    return missing
  } finally {
    await client.end()
  }
}

// The migrator's own rule: what is newer than the newest migration that was applied is missing.
async function missingMigrations(client: postgres.Sql): Promise<string[]> {
  const [table] = await client<
    { made: boolean }[]
  >`select to_regclass(${MIGRATIONS_TABLE}) is not null as made`
  if (!table?.made) return journal.entries.map(({ tag }) => tag)
  const [newest] = await client<{ at: number }[]>`
    select coalesce(max(created_at), 0)::float8 as at from ${client(MIGRATIONS_TABLE)}`
  return journal.entries.filter((entry) => entry.when > (newest?.at ?? 0)).map(({ tag }) => tag)
}

// Loaded only where there is something to apply: drizzle is a quarter of what a start has to read.
async function applyMigrations(client: postgres.Sql, environment: Environment): Promise<void> {
  const { drizzle } = await import('drizzle-orm/postgres-js')
  const { migrate: apply } = await import('drizzle-orm/postgres-js/migrator')
  await apply(drizzle({ client }), {
    migrationsFolder,
    migrationsSchema: environment.schema,
    migrationsTable: MIGRATIONS_TABLE,
  })
}
