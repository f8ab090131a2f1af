import type { Config } from '../config/config.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { migrate } from '../db/migrate.ts'
import { checkLogins, naming, ownerVariable } from './database.ts'

/**
 * Migrates the database, and makes sure that every login works.
 * @param options as db/migrate.ts takes them
 * @returns the names of the SQL files that this call applied
 * @throws DatabaseUrlError naming the variable that is wrong
 */
export async function migrateDatabase(
  config: Config,
  logins: DatabaseLogins,
  options?: Parameters<typeof migrate>[2],
): Promise<string[]> {
  const applied = await naming(ownerVariable(config), migrate(logins, config.environment, options))
  await checkLogins(config)
  return applied
}
