import type { Environment } from '../../config/environment.ts'
import { migrate, migrations, newestMigration } from '../../db/migrate.ts'
import { ownerClient } from '../../db/owner-client.ts'
import { findSchema } from '../../db/queries/backup.ts'
import { withSnapshot } from '../../db/transfer/export.ts'
import { importRows } from '../../db/transfer/import.ts'

/**
 * Copies an environment from one server to another, in its own version of the schema. The logins are not copied: the next
 * start creates them.
 * @param from the superuser's URL
 * @param to the owner's URL, of a database that does not have the environment
 * @returns how many rows each table has; null where there is no such environment
 * @throws Error when a table has not as many rows as before
 */
export async function copyEnvironment(
  from: string,
  to: string,
  environment: Environment,
): Promise<Record<string, number> | null> {
  const { schema } = environment
  const until = await migrationOf(from, schema)
  if (until === null) return null
  const logins = { owner: to, tenant: to, system: to, session: to, members: [] }
  await migrate(logins, environment, { until })
  return withSnapshot({ owner: from, session: from }, environment, (snapshot) =>
    importRows(to, schema, snapshot.tables, async (rows) => {
      const counts: Record<string, number> = {}
      for (const table of snapshot.tables) {
        for await (const piece of snapshot.rows(table)) await rows.write(table, piece)
        const [before, after] = [await snapshot.count(table), await rows.count(table)]
        if (before !== after)
          throw new Error(`${table.name} had ${before} rows, and ${after} of them arrived`)
        counts[table.name] = after
      }
      return counts
    }),
  )
}

async function migrationOf(url: string, schema: string) {
  const client = ownerClient(url, { connection: { search_path: schema } })
  try {
    const [found] = await findSchema(client, schema)
    if (!found) return null
    const when = await newestMigration(client)
    const migration = migrations.find((known) => known.when === when)
    if (when > 0 && !migration) throw new Error(`The ${schema} schema is of a newer version of Anteroom`)
    return migration ?? null
  } finally {
    await client.end({ timeout: 1 })
  }
}
