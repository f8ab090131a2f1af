import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { buildApp } from './app.ts'
import { ConfigError, readConfig } from './config/config.ts'
import { type EmbeddedDatabase, startEmbedded } from './db/embedded/launcher.ts'
import { databaseLogins } from './db/logins.ts'
import { anyOrganization } from './db/queries/accounts.ts'
import { startWorker } from './jobs/worker.ts'
import { openDataDir } from './lifecycle/data-dir.ts'
import { reachMigrated } from './lifecycle/database.ts'
import { type Cause, toldToEnd } from './lifecycle/ending.ts'
import { explain, explainListenError } from './lifecycle/explain.ts'
import { migrateDatabase } from './lifecycle/migrate.ts'
import { afterMigration } from './operations/audit/accept.ts'
import { makeDemo } from './operations/demo/demo.ts'
import { announce } from './operations/demo/welcome.ts'
import packageJson from './package.json' with { type: 'json' }

/** What a start may still take that was told to end: it may be about to print the only password. */
const START_MS = 5000

/** How long it may take to notice that the embedded PostgreSQL is gone. */
const LOST_MS = 1000

/** What has been started so far. The database is stopped last, once nothing uses it any more. */
const running: {
  users: { stop: () => Promise<unknown> }[]
  /** Hands the clients over to others; resolves when the users may be stopped. */
  drain: () => Promise<void>
  graceSeconds: number
  database: Promise<EmbeddedDatabase> | null
} = { users: [], drain: async () => {}, graceSeconds: 1, database: null }

/**
 * Starts one environment: database, migrations, server, and its worker, unless others (`anteroom migrate`,
 * `anteroom worker`) do that work.
 * @param onLost called when the embedded database dies
 */
async function start(onLost: (error: Error) => void): Promise<void> {
  const option = { type: 'boolean', default: false } as const
  const { values } = parseArgs({ options: { 'without-worker': option, 'without-migrate': option } })
  const config = readConfig()
  await openDataDir(config.dataDir)
  if (config.databaseUrl === null) running.database = startEmbedded({ dataDir: config.dataDir, onLost })
  const logins = databaseLogins(config, config.databaseUrl ?? ((await running.database)?.url as string))
  let applied: string[] = []
  if (values['without-migrate']) await reachMigrated(config, logins)
  else applied = await migrateDatabase(config, logins)

  const app = await buildApp(config, logins)
  running.users.push({ stop: () => app.close() })
  running.graceSeconds = config.shutdownGraceSeconds
  await afterMigration(applied, app.database, app.auditKey)
  app.log.info({ version: packageJson.version, environment: config.environment.name }, 'Anteroom starts')
  app.starting.underWay = true
  await app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw explainListenError(error, config)
  })
  running.drain = () => app.drain.begin(config.shutdownDelaySeconds)
  // Only once it listens: a start that fails before must not have used up the password, which is shown this once.
  const demo = config.environment.name === 'sandbox' ? await makeDemo(app) : null
  const [organization] = await anyOrganization(app.database)
  await announce(app, demo, organization !== undefined)
  app.starting.underWay = false
  if (values['without-worker']) return
  running.users.push(await startWorker(config, logins, () => app.publicUrl(), app.log))
}

/** Starts, waits for whatever ends this process, and stops all that was started. Returns the exit code. */
async function run(): Promise<number> {
  const ending = toldToEnd()
  const lost = Promise.withResolvers<Cause>()
  const starting = start((error) => lost.resolve({ kind: 'error', error }))
  const failed = new Promise<Cause>((resolve) => {
    starting.catch((error: unknown) => resolve({ kind: 'error', error }))
  })
  let cause = await Promise.race([ending.cause, lost.promise, failed])
  // What uses an embedded PostgreSQL may fail a moment before the end of that is noticed, which is the reason.
  if (cause.kind === 'error' && running.database !== null && !(cause.error instanceof ConfigError))
    cause = await Promise.race([lost.promise, delay(LOST_MS, cause)])
  let code = 0
  const tell = (error: unknown) => {
    code = 1
    const lines = explain(error) ?? [error instanceof Error ? error.stack : String(error)]
    process.stderr.write(`${lines.join('\n')}\n`)
  }
  if (cause.kind === 'error') tell(cause.error)
  await atMost(START_MS, starting)
  // Ctrl-C at a terminal, a failure: nobody restarts this server behind a proxy.
  if (cause.kind === 'signal' && cause.signal === 'SIGTERM') await running.drain()
  await atMost(running.graceSeconds * 1000, Promise.allSettled(running.users.map((user) => user.stop())))
  // It ends by itself within 15 s. A start that is under way is waited for: its PostgreSQL would be left behind.
  const database = await running.database?.catch(() => null)
  await database?.stop().catch(tell)
  return code
}

/** Waits for something, but not longer than told. It may fail. */
async function atMost(milliseconds: number, what: Promise<unknown>): Promise<void> {
  await Promise.race([what.catch(() => {}), delay(milliseconds)])
}

// Imported, it does nothing: so it is compiled ahead of its first start.
if (import.meta.main) process.exit(await run())
