import type { Command } from 'commander'
import { type Config, readConfig } from '../config/config.ts'
import { encryptionKeyOf } from '../config/encryption-key.ts'
import { connect, type Database } from '../db/connect.ts'
import { startEmbedded } from '../db/embedded/launcher.ts'
import { type DatabaseLogins, databaseLogins } from '../db/logins.ts'
import { ensureLogins } from '../db/roles.ts'
import { AuditKey } from '../operations/audit/key.ts'

/** What a command has to work with. */
export interface Operator {
  readonly config: Config
  readonly logins: DatabaseLogins
  /** Logged in as the environment's system. */
  readonly database: Database
  /** Read at its first use, since not every command needs it. */
  readonly auditKey: AuditKey
}

/**
 * Does a command's work against the configured environment's database. An embedded one that a server runs is used as
 * it is; one that nobody runs is started for as long as the work takes.
 */
export async function operate<T>(work: (operator: Operator) => Promise<T>): Promise<T> {
  const config = readConfig()
  const embedded = config.databaseUrl ? null : await startEmbedded({ dataDir: config.dataDir, shared: true })
  const logins = databaseLogins(config, config.databaseUrl ?? (embedded?.url as string))
  await ensureLogins(logins, config.environment)
  const database = connect(logins.system, config.environment, { max: 2 })
  try {
    return await work({
      config,
      logins,
      database,
      get auditKey() {
        return new AuditKey(encryptionKeyOf(config))
      },
    })
  } finally {
    await database.end({ timeout: 1 })
    if (embedded && !embedded.adopted) await embedded.stop()
  }
}

/** Adds `--json`, which every command has. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON value, for programs')
}

/**
 * Prints a command's result, for people or, after `--json`, for programs.
 * @param lines the result in sentences
 */
export function report(options: { json?: boolean }, result: unknown, lines: readonly string[]): void {
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${lines.join('\n')}\n`)
}
