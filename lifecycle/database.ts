import { type Config, ConfigError } from '../config/config.ts'
import { DatabaseUrlError } from '../db/errors.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { requireKnownSchema } from '../db/migrate.ts'
import { ownerClient } from '../db/owner-client.ts'
import { ensureLogins } from '../db/roles.ts'
import { checkEncryptionKey } from './encryption-key.ts'

/**
 * Makes sure that every login works, of a database that another process has migrated.
 * @throws DatabaseUrlError naming the variable that is wrong
 * @throws ConfigError when nobody has migrated it, a newer version has, or the encryption key is another one
 */
export async function reachDatabase(config: Config, logins: DatabaseLogins): Promise<void> {
  const variable = ownerVariable(config)
  // First: the names of the logins come from the key.
  await naming(variable, checkEncryptionKey(config, logins))
  if (!(await naming(variable, ensureLogins(logins, config.environment))))
    throw new ConfigError([`${variable}: this database is not migrated: run \`npx anteroom migrate\` first`])
  await naming(variable, requireKnownSchema(logins, config.environment))
  await checkLogins(config)
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
  const given: [string, string | null][] = [
    ['DATABASE_TENANT_URL', config.databaseTenantUrl],
    ['DATABASE_SYSTEM_URL', config.databaseSystemUrl],
    ['DATABASE_URL', config.databaseDirectUrl === null ? null : config.databaseUrl],
  ]
  for (const [variable, url] of given) if (url !== null) await naming(variable, connectOnce(url))
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
