import { parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { ConfigError, readConfig } from './config/config.ts'
import { openDataDir } from './config/data-dir.ts'
import { type EmbeddedDatabase, EmbeddedError, startEmbedded } from './db/embedded/launcher.ts'
import { databaseLogins } from './db/logins.ts'
import { migrate } from './db/migrate.ts'
import { startWorker } from './jobs/worker.ts'
import { afterMigration } from './operations/audit/accept.ts'
import { makeDemo } from './operations/demo/demo.ts'
import { welcome } from './operations/demo/welcome.ts'

const GRACE_MS = 1500
// What a start may still take that was told to end: a database that is made for the first time, say.
const START_MS = 30_000

/** What has been started so far; the database is stopped once nothing uses it any more. */
const running: { users: { stop: () => Promise<unknown> }[]; database: EmbeddedDatabase | null } = {
  users: [],
  database: null,
}

/** Starts one environment: database, migrations, server, and its worker, unless others (`anteroom worker`) do that work. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'without-worker': { type: 'boolean', default: false } } })
  const config = readConfig()
  openDataDir(config.dataDir)
  let fatal: (error: Error) => void = (error) => fail(error)
  const database = config.databaseUrl
    ? null
    : await startEmbedded({ dataDir: config.dataDir, onLost: (error) => fatal(error) })
  running.database = database
  const logins = databaseLogins(config, config.databaseUrl ?? (database?.url as string))
  const applied = await migrate(logins, config.environment)

  const app = await buildApp(config, logins)
  running.users.push({ stop: () => app.close() })
  await afterMigration(applied, app.database, app.auditKey)
  fatal = (error) => {
    app.log.fatal({ err: error }, 'stopping as the database is gone')
    fail(error)
  }

  app.starting.underWay = true
  await app.listen({ host: config.host, port: config.port })
  // Once it listens: who never sees the welcome would never get the password that it shows this once.
  const demo = config.environment.name === 'sandbox' ? await makeDemo(app) : null
  process.stdout.write(welcome(app.publicUrl(), config.environment.name, demo))
  app.starting.underWay = false
  if (values['without-worker']) return
  running.users.push(await startWorker(config, logins, () => app.publicUrl(), app.log))
}

/** Tells why in a line, stops what runs, and ends with exit code 1. */
function fail(error: unknown): void {
  const lines = error instanceof ConfigError ? error.lines : [explain(error)]
  for (const line of lines) process.stderr.write(`${line}\n`)
  process.exitCode = 1
  void stopAll().finally(() => process.exit(1))
  setTimeout(() => process.exit(1), GRACE_MS).unref()
}

async function stopAll(): Promise<void> {
  await Promise.allSettled(running.users.map((user) => user.stop()))
  await running.database?.stop().catch(() => {})
}

// Imported, it does nothing: so it is compiled ahead of its first start.
if (import.meta.main) {
  const starting = main().catch(fail)
  // From the first moment on: a database that is being started for a server which is told to end would stay behind.
  closeWithGrace({ delay: START_MS, logger: false }, async ({ err }) => {
    if (err) process.stderr.write(`${explain(err)}\n`)
    await starting
    setTimeout(() => process.exit(1), GRACE_MS).unref()
    await stopAll()
  })
}

function explain(error: unknown): string {
  if (error instanceof EmbeddedError) return error.message
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `Port ${port} is in use: set PORT to another one`
  if (code === 'ECONNREFUSED') return `DATABASE_URL: nothing answers there (${message})`
  return error instanceof Error ? (error.stack ?? message) : String(error)
}
