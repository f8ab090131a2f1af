import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { ConfigError, readConfig } from './config/config.ts'
import { EmbeddedError, startEmbedded } from './db/embedded/launcher.ts'
import { migrate } from './db/migrate.ts'
import { startWorker, type Worker } from './jobs/worker.ts'
import { makeDemo } from './services/demo/demo.ts'
import { welcome } from './services/demo/welcome.ts'

const GRACE_MS = 1500

/** Starts one environment: database, migrations, server; and stops them in the opposite order. */
async function main(): Promise<void> {
  const config = readConfig()
  const database = config.databaseUrl ? null : await startEmbedded({ dataDir: config.dataDir })
  const databaseUrl = config.databaseUrl ?? (database?.url as string)
  await migrate(databaseUrl, config.environment)

  const app = await buildApp(config, databaseUrl)
  let worker: Worker | null = null
  const grace = closeWithGrace({ delay: GRACE_MS, logger: app.log }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'stopping after an error')
    await Promise.all([worker?.stop(), app.close()])
    await database?.stop()
  })
  app.addHook('onClose', () => grace.uninstall())

  const demo = config.environment.name === 'sandbox' ? await makeDemo(app.database, config) : null
  await app.listen({ host: config.host, port: config.port })
  process.stdout.write(welcome(app.publicUrl(), config.environment.name, demo))
  worker = await startWorker(config, databaseUrl, () => app.publicUrl(), app.log)
}

main().catch((error: unknown) => {
  const lines = error instanceof ConfigError ? error.lines : [explain(error)]
  for (const line of lines) process.stderr.write(`${line}\n`)
  process.exit(1)
})

function explain(error: unknown): string {
  if (error instanceof EmbeddedError) return error.message
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `Port ${port} is in use: set PORT to another one`
  if (code === 'ECONNREFUSED') return `DATABASE_URL: nothing answers there (${message})`
  return error instanceof Error ? (error.stack ?? message) : String(error)
}
