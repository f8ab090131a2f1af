import { type Config, ConfigError } from '../config/config.ts'
import { DatabaseUrlError } from '../db/errors.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { missingMigrations, newestMigration, requireKnown, requireKnownSchema } from '../db/migrate.ts'
import { ownerClient } from '../db/owner-client.ts'
import { inspectDatabase, problemsOf } from '../db/preflight.ts'
import { ensureLogins } from '../db/roles.ts'
import { sqlState } from '../db/unavailable.ts'
import { canaryOpens, checkEncryptionKey } from './encryption-key.ts'

/** What PostgreSQL says to a login that does not exist, to a wrong password, and to one that may not read. */
const STRANGER = ['28P01', '28000']
const MAY_NOT_READ = '42501'

/**
 * Makes sure that every login works, of a database that another process has migrated.
 * @throws DatabaseUrlError naming the variable that is wrong
 * @throws ConfigError when nobody has migrated it, a newer version has, or the encryption key is another one
 */
export async function reachDatabase(config: Config, logins: DatabaseLogins): Promise<void> {
  const variable = ownerVariable(config)
  // First: the names of the logins come from the key.
  await naming(variable, checkEncryptionKey(config, logins))
  await checkDatabase(config, logins)
  if (!(await naming(variable, ensureLogins(logins, config.environment))))
    throw new ConfigError([`${variable}: this database is not migrated: run \`npx anteroom migrate\` first`])
  await naming(variable, requireKnownSchema(logins, config.environment))
  await checkLogins(config)
}

/**
 * Makes sure that the database is migrated by this version and that the encryption key is the right one, without the
 * owner's login: of `DATABASE_URL` and `DATABASE_DIRECT_URL` the address alone is used.
 * @throws DatabaseUrlError naming the variable that is wrong
 * @throws ConfigError when migrations are missing, a newer version has migrated it, or the key is another one
 */
export async function reachMigrated(config: Config, logins: DatabaseLogins): Promise<void> {
  const { environment } = config
  const variable = config.databaseSystemUrl === null ? ownerVariable(config) : 'DATABASE_SYSTEM_URL'
  const client = ownerClient(logins.session, {
    fetch_types: false,
    connection: { search_path: environment.schema },
  })
  const applied = newestMigration(client).catch((error: unknown) => {
    if (sqlState(error) === MAY_NOT_READ) return 0
    if (!STRANGER.includes(sqlState(error) ?? '') || config.databaseSystemUrl !== null) throw error
    const login = decodeURIComponent(new URL(logins.session).username)
    throw new ConfigError([
      `${variable}: the database does not let the login ${login} in, whose name and password come from ENCRYPTION_KEY: ` +
        'put the right key back, or run `npx anteroom migrate`, which creates the login',
    ])
  })
  try {
    requireCurrent(config, variable, await naming(variable, applied))
    await naming(variable, canaryOpens(config, client))
  } finally {
    await client.end({ timeout: 1 })
  }
  for (const [name, url] of givenLogins(config)) await naming(name, connectOnce(url))
}

function requireCurrent({ environment }: Config, variable: string, applied: number): void {
  requireKnown(applied)
  const [first, ...more] = missingMigrations(applied)
  if (!first) return
  throw new ConfigError([
    `${variable}: the ${environment.name} schema is not up to date, it lacks ${first.tag}${more.length > 0 ? ` and ${more.length} more` : ''}: run \`npx anteroom migrate\` first`,
  ])
}

/**
 * Checks version, encoding and rights of the database before anything is changed.
 * @throws ConfigError with a line for each thing that is missing
 */
export async function checkDatabase(config: Config, logins: DatabaseLogins): Promise<void> {
  const variable = ownerVariable(config)
  const client = ownerClient(logins.owner)
  const inspect = async () => {
    try {
      return problemsOf(await inspectDatabase(client, config.environment, logins))
    } finally {
      await client.end({ timeout: 1 })
    }
  }
  const problems = await naming(variable, inspect())
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${variable}: ${problem}`))
}

/** The variable that migrations connect by. */
export function ownerVariable(config: Config): string {
  return config.databaseDirectUrl === null ? 'DATABASE_URL' : 'DATABASE_DIRECT_URL'
}

/**
 * Tries the logins that the operator created. Those of the migration have the address that it used itself.
 * @throws DatabaseUrlError
 */
export async function checkLogins(config: Config): Promise<void> {
  const { databaseUrl, databaseDirectUrl } = config
  for (const [variable, url] of givenLogins(config)) await naming(variable, connectOnce(url))
  if (databaseUrl !== null && databaseDirectUrl !== null)
    await naming('DATABASE_URL', connectOnce(databaseUrl))
}

function givenLogins({ databaseTenantUrl, databaseSystemUrl }: Config): [variable: string, url: string][] {
  return [
    ...(databaseTenantUrl === null ? [] : [['DATABASE_TENANT_URL', databaseTenantUrl] as [string, string]]),
    ...(databaseSystemUrl === null ? [] : [['DATABASE_SYSTEM_URL', databaseSystemUrl] as [string, string]]),
  ]
}

async function connectOnce(url: string): Promise<void> {
  const client = ownerClient(url, { fetch_types: false, prepare: false })
  try {
    await client`select`
  } finally {
    await client.end({ timeout: 1 })
  }
}

/** Says which variable is wrong when something fails that depends on it. */
export async function naming<T>(variable: string, what: Promise<T>): Promise<T> {
  try {
    return await what
  } catch (error) {
    throw error instanceof ConfigError ? error : new DatabaseUrlError(variable, error)
  }
}
