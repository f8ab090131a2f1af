import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import { sqlState } from './connect.ts'
import { installJobs } from './jobs.ts'
import journal from './migrations/meta/_journal.json' with { type: 'json' }

const MIGRATIONS_TABLE = '__drizzle_migrations'
const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url))
const MIGRATION_LOCK = 4_617_315_517

/**
 * Brings an environment's schema up to date: makes the schema and its two roles, then applies what is missing
 * of the SQL files, all of them in one transaction, and then the job queue's own tables. Several processes may call
 * it at once: they take turns.
 *
 * @param url a user that may create schemas and roles (the owner of the tables)
 */
export async function migrate(url: string, environment: Environment): Promise<void> {
  const client = postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { search_path: environment.schema, application_name: 'anteroom migrate' },
  })
  try {
    // A lock of the whole database, not of the schema.
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`
    await prepareSchema(client, environment)
    if (await isBehind(client)) await applyMigrations(client, environment)
    await installJobs(url, environment)
  } finally {
    await client.end()
  }
}

// The migrator's own rule: what is newer than the newest migration that was applied is missing.
async function isBehind(client: postgres.Sql): Promise<boolean> {
  const [table] = await client<
    { made: boolean }[]
  >`select to_regclass(${MIGRATIONS_TABLE}) is not null as made`
  if (!table?.made) return true
  const [newest] = await client<{ at: number }[]>`
    select coalesce(max(created_at), 0)::float8 as at from ${client(MIGRATIONS_TABLE)}`
  return journal.entries.some((entry) => entry.when > (newest?.at ?? 0))
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

// Roles belong to the cluster, and the lock to one database of it: another one's migration may just have made the role.
async function createRole(client: postgres.Sql, role: string): Promise<void> {
  await client`create role ${client(role)} nologin nobypassrls`.catch((error: unknown) => {
    if (!['42710', '23505'].includes(sqlState(error) ?? '')) throw error
  })
}

async function prepareSchema(client: postgres.Sql, environment: Environment): Promise<void> {
  await client`create schema if not exists ${client(environment.schema)}`
  for (const role of [environment.tenantRole, environment.systemRole]) {
    const [known] = await client`select from pg_roles where rolname = ${role}`
    if (!known) await createRole(client, role)
    await client`grant ${client(role)} to current_user with set true`
    await client`grant usage on schema ${client(environment.schema)} to ${client(role)}`
  }
}
