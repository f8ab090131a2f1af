import type postgres from 'postgres'
import { type Config, ConfigError } from '../config/config.ts'
import { encryptionKeyOf } from '../config/encryption-key.ts'
import { seal, unseal } from '../credentials/seal.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { ownerClient } from '../db/owner-client.ts'
import {
  findCanary,
  findCanaryTable,
  insertCanary,
  replaceCanary,
  sealedSamples,
} from '../db/queries/encryption-canary.ts'

const CONTEXT = 'encryption canary'
const TEXT = 'Only the right key opens this.'

type Settings = Pick<Config, 'environment' | 'dataDir' | 'encryptionKey'> &
  Partial<Pick<Config, 'previousEncryptionKey'>>

/**
 * Checks that the encryption key opens what is sealed in the database. A server with another key could neither sign
 * webhooks nor check second factors, and would tell nobody. The first start of an environment keeps a canary: a known
 * text, sealed with the key.
 * @returns false where the database has no place for a canary yet: check again once it is migrated
 * @throws ConfigError when the key is another one
 */
export function checkEncryptionKey(config: Settings, logins: DatabaseLogins): Promise<boolean> {
  return withOwner(config, logins, async (client) => {
    if (await canaryOpens(config, client)) return
    for (const sample of await sealedSamples(client)) requireOpens(config, sample)
    await insertCanary(client, seal(encryptionKeyOf(config), CONTEXT, TEXT))
  })
}

/**
 * Checks that the encryption key opens the canary.
 * @param client whose search path begins with the environment's schema; it only reads
 * @returns false where no canary was kept yet
 * @throws ConfigError when the key is another one
 */
export async function canaryOpens(config: Settings, client: postgres.Sql): Promise<boolean> {
  const [kept] = await findCanary(client)
  if (kept) requireOpens(config, { context: CONTEXT, sealed: kept.sealed })
  return kept !== undefined
}

/**
 * Takes the configured encryption key as the right one from now on. What another key sealed stays unreadable.
 * @returns as {@link checkEncryptionKey}
 */
export function acceptEncryptionKey(config: Settings, logins: DatabaseLogins): Promise<boolean> {
  return withOwner(config, logins, (client) =>
    replaceCanary(client, seal(encryptionKeyOf(config), CONTEXT, TEXT)),
  )
}

async function withOwner(
  { environment }: Settings,
  logins: DatabaseLogins,
  work: (client: postgres.Sql) => Promise<unknown>,
): Promise<boolean> {
  const client = ownerClient(logins.owner, {
    fetch_types: false,
    connection: { search_path: environment.schema },
  })
  try {
    const [table] = await findCanaryTable(client, environment.schema)
    if (!table) return false
    await work(client)
    return true
  } finally {
    await client.end({ timeout: 1 })
  }
}

function requireOpens(config: Settings, { context, sealed }: { context: string; sealed: Buffer }): void {
  try {
    unseal(encryptionKeyOf(config), context, sealed)
  } catch (cause) {
    const source = config.encryptionKey
      ? 'ENCRYPTION_KEY'
      : `DATA_DIR: the file ${config.dataDir}/encryption.key`
    throw new ConfigError(
      [
        `${source} is not the key that sealed the secrets of the ${config.environment.name} database: put that key back. ` +
          'If it is lost, `npx anteroom migrate --accept-encryption-key` starts over with this one (docs/database.md)',
      ],
      { cause },
    )
  }
}
