import type { Config } from '../../config/config.ts'
import type { DatabaseLogins } from '../../db/logins.ts'
import { type Migration, newestMigration } from '../../db/migrate.ts'
import { ownerClient } from '../../db/owner-client.ts'
import { countLiveReplicas, dropSchemas, findSchema } from '../../db/queries/backup.ts'
import { withSnapshot } from '../../db/transfer/export.ts'
import { isFilledByItself } from '../../db/transfer/tables.ts'
import { filesInTheWay } from './restore.ts'

/** Whether the environment has tables: without them no rows are in the way. */
export function isMigrated(config: Config, logins: DatabaseLogins): Promise<boolean> {
  return asOwner(config, logins, async (client) => {
    const [found] = await findSchema(client, config.environment.schema)
    return found !== undefined && (await newestMigration(client)) > 0
  })
}

/**
 * Makes sure that a restore overwrites nothing.
 * @throws Error that names what is in the way
 */
export async function requireEmpty(config: Config, logins: DatabaseLogins, migrated: boolean): Promise<void> {
  const inTheWay = [...(migrated ? await rowsInTheWay(config, logins) : []), ...(await filesInTheWay(config))]
  if (inTheWay.length === 0) return
  const { name } = config.environment
  throw new Error(
    `The ${name} environment is not empty, and a restore overwrites nothing: ${inTheWay.join('; ')}`,
  )
}

function rowsInTheWay({ environment }: Config, logins: DatabaseLogins): Promise<string[]> {
  return withSnapshot(logins, environment, async (snapshot) => {
    if (snapshot.tables.length === 0) return []
    const [replicas] = await countLiveReplicas(snapshot.tx)
    if (replicas && replicas.live > 0) return ['a server runs on it: stop it']
    const filled: string[] = []
    for (const table of snapshot.tables) {
      if (!isFilledByItself(table) && (await snapshot.hasRows(table))) filled.push(table.name)
    }
    return filled.length === 0 ? [] : [`the database holds rows of ${filled.join(', ')}`]
  })
}

/** Takes an empty schema away that is migrated further than the rows that are to come: they are migrated afterwards. */
export async function dropNewerSchema(
  config: Config,
  logins: DatabaseLogins,
  { when }: Migration,
): Promise<void> {
  await asOwner(config, logins, async (client) => {
    if ((await newestMigration(client)) > when)
      await client.begin((tx) => dropSchemas(tx, config.environment.schema))
  })
}

async function asOwner<T>(
  { environment }: Config,
  logins: DatabaseLogins,
  work: (client: ReturnType<typeof ownerClient>) => Promise<T>,
): Promise<T> {
  const client = ownerClient(logins.owner, { connection: { search_path: environment.schema } })
  try {
    return await work(client)
  } finally {
    await client.end({ timeout: 1 })
  }
}
