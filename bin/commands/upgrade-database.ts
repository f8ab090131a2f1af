import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { environmentOf } from '../../config/environment.ts'
import { upgradeEmbedded } from '../../db/embedded/upgrade.ts'
import { copyEnvironment } from '../../operations/backup/copy-database.ts'
import { report, withJson } from '../operator.ts'

/** `anteroom upgrade-database` */
export function upgradeDatabaseCommand(program: Command): void {
  withJson(
    program
      .command('upgrade-database')
      .description(
        'bring the embedded database in DATA_DIR to the PostgreSQL of this version, while no server runs',
      )
      .requiredOption(
        '--programs <folder>',
        'the older PostgreSQL, which holds bin/postgres, e.g. /usr/lib/postgresql/17',
      ),
  ).action(upgrade)
}

async function upgrade(options: { programs: string; json?: boolean }): Promise<void> {
  const { databaseUrl, dataDir } = readConfig()
  if (databaseUrl !== null) throw new Error('DATABASE_URL is set: upgrade that PostgreSQL by its own means')
  const rows: Record<string, Record<string, number>> = {}
  const upgraded = await upgradeEmbedded(dataDir, options.programs, async ({ oldUrl, database }) => {
    for (const environment of [environmentOf('sandbox'), environmentOf('production')]) {
      const counts = await copyEnvironment(oldUrl, database.url, environment)
      if (counts) rows[environment.name] = counts
    }
  })
  if (upgraded === null) {
    report(options, { upgraded: false }, ['The database is of the right version: nothing to do.'])
    return
  }
  const { from, to, kept } = upgraded
  report(options, { upgraded: true, from, to, kept, rows }, [
    `The database is one of PostgreSQL ${to} now; it was ${from}.`,
    ...Object.entries(rows).map(
      ([name, counts]) => `${name}: ${Object.values(counts).reduce((sum, count) => sum + count, 0)} rows.`,
    ),
    `The old files are in ${kept}. Remove them when all is well.`,
  ])
}
