import type { Command } from 'commander'
import { ConfigError, readConfig } from '../../config/config.ts'
import { databaseLogins } from '../../db/logins.ts'
import { roleScript } from '../../db/role-script.ts'
import { afterMigration } from '../../operations/audit/accept.ts'
import { operate, report, withJson } from '../operator.ts'

interface MigrateOptions {
  acceptEncryptionKey?: boolean
  printRoles?: boolean
  json?: boolean
}

/** `anteroom migrate` */
export function migrateCommand(program: Command): void {
  withJson(
    program
      .command('migrate')
      .description("bring the environment's database schema up to date; several at once take turns")
      .option(
        '--accept-encryption-key',
        'start over with another ENCRYPTION_KEY, when the one before is lost: what it sealed stays unreadable',
      )
      .option(
        '--print-roles',
        'print the SQL for an administrator, where the owner may not create roles; nothing is changed',
      ),
  ).action(async (options: MigrateOptions) => {
    if (options.printRoles) return printRoles(options)
    await operate(
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
    )
  })
}

// It connects to nothing: the owner may not even be able to.
function printRoles(options: MigrateOptions): void {
  const config = readConfig()
  if (config.databaseUrl === null)
    throw new ConfigError(['DATABASE_URL is not set: the embedded PostgreSQL needs no roles from you'])
  const sql = roleScript(config.environment, databaseLogins(config, config.databaseUrl))
  report(options, { environment: config.environment.name, sql }, [sql])
}
