import type { Config } from '../config/config.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { migrate } from '../db/migrate.ts'
import { checkDatabase, checkLogins, naming, ownerVariable } from './database.ts'
import { acceptEncryptionKey, checkEncryptionKey } from './encryption-key.ts'

/**
 * Migrates the database, and makes sure that every login works and that the encryption key is the right one.
 * @param options.dropStaleLogins as db/migrate.ts takes it
 * @param options.acceptEncryptionKey take another encryption key than before
 * @returns the names of the SQL files that this call applied
 * @throws DatabaseUrlError naming the variable that is wrong
 * @throws ConfigError when the encryption key is another one, and with a line for each thing that the database lacks
 */
export async function migrateDatabase(
  config: Config,
  logins: DatabaseLogins,
  options: { dropStaleLogins?: boolean; acceptEncryptionKey?: boolean } = {},
): Promise<string[]> {
  const variable = ownerVariable(config)
  const accepts = options.acceptEncryptionKey === true
  // Before anything is changed: the names of the logins come from the key.
  const isChecked = !accepts && (await naming(variable, checkEncryptionKey(config, logins)))
  await checkDatabase(config, logins)
  const applied = await naming(variable, migrate(logins, config.environment, options))
  const keep = accepts ? acceptEncryptionKey : checkEncryptionKey
  if (!isChecked) await naming(variable, keep(config, logins))
  await checkLogins(config)
  return applied
}
