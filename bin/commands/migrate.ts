import type { Command } from 'commander'
import { afterMigration } from '../../operations/audit/accept.ts'
import { operate, report, withJson } from '../operator.ts'

/** `anteroom migrate` */
export function migrateCommand(program: Command): void {
  withJson(
    program
      .command('migrate')
      .description("bring the environment's database schema up to date; several at once take turns")
      .option(
        '--accept-encryption-key',
        'start over with another ENCRYPTION_KEY, when the one before is lost: what it sealed stays unreadable',
      ),
  ).action((options: { acceptEncryptionKey?: boolean; json?: boolean }) =>
    operate(
      async ({ config, logins, database, auditKey }) => {
        // Loaded here, as no other command needs what it brings along.
        const { migrateDatabase } = await import('../../lifecycle/migrate.ts')
        const { name } = config.environment
        const { acceptEncryptionKey = false } = options
        const applied = await migrateDatabase(config, logins, { dropStaleLogins: true, acceptEncryptionKey })
        await afterMigration(applied, database, auditKey)
        report(options, { environment: name }, [`The ${name} schema is up to date.`])
      },
      { migrates: true },
    ),
  )
}
