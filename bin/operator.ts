import type { Command } from 'commander'
import { type Config, readConfig } from '../config/config.ts'
import { encryptionKeyOf } from '../config/encryption-key.ts'
import { connect, type Database, unhurried } from '../db/connect.ts'
import { startEmbedded } from '../db/embedded/launcher.ts'
import { type DatabaseLogins, databaseLogins } from '../db/logins.ts'
import { reachDatabase, reachMigrated } from '../lifecycle/database.ts'
import { type Ending, toldToEnd } from '../lifecycle/ending.ts'
import { AuditKey } from '../operations/audit/key.ts'

/** What a command has to work with. */
export interface Operator {
  readonly config: Config
  readonly logins: DatabaseLogins
  /** Logged in as the environment's system. */
  readonly database: Database
  /** Read at its first use, since not every command needs it. */
  readonly auditKey: AuditKey
  /** The end of the command, as a signal tells it. */
  readonly ending: Ending
}

/**
 * Does a command's work against the configured environment's database. An embedded one that a server runs is used as
 * it is; one that nobody runs is started for as long as the work takes, and stopped however that ends.
 * @param options.endsItself the work watches `ending` and finishes in its own time
 * @param options.withoutOwner the database is migrated by somebody else: the owner's login is not used
 * @param options.migrates the work makes the database what every other work expects
 * @throws Error when a signal broke the work off
 */
export async function operate<T>(
  work: (operator: Operator) => Promise<T>,
  options: { endsItself?: boolean; migrates?: boolean; withoutOwner?: boolean } = {},
): Promise<T> {
  const config = readConfig()
  const ending = toldToEnd()
  const embedded = config.databaseUrl ? null : await startEmbedded({ dataDir: config.dataDir, shared: true })
  const brokenOff = ending.cause.then((cause) => {
    if (cause.kind === 'error') throw cause.error
    if (options.endsItself) return new Promise<never>(() => {})
    throw new Error('Broken off.')
  })
  const run = async () => {
    const logins = databaseLogins(config, config.databaseUrl ?? (embedded?.url as string))
    if (options.withoutOwner) await reachMigrated(config, logins)
    else if (!options.migrates) await reachDatabase(config, logins)
    const database = connect(logins.system, config.environment, { max: 2, ...unhurried })
    try {
      return await work({
        config,
        logins,
        database,
        ending,
        get auditKey() {
          return new AuditKey(encryptionKeyOf(config))
        },
      })
    } finally {
      await database.end({ timeout: 1 })
    }
  }
  try {
    return await Promise.race([run(), brokenOff])
  } finally {
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
