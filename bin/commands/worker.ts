import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../db/connect.ts'
import { openDataDir } from '../../lifecycle/data-dir.ts'
import { openLog } from '../../operations/logging/logger.ts'
import type { Traces } from '../../operations/tracing/traces.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { operate, report, withJson } from '../operator.ts'

interface WorkerOptions {
  aliveFile?: string
  withoutMigrate?: boolean
  json?: boolean
}

/** Half of it for deliveries, which take 15 s at most, half for jobs. */
const GRACE_MS = 32_000
const ALIVE_MS = 5000

/** `anteroom worker` */
export function workerCommand(program: Command): void {
  withJson(
    program
      .command('worker')
      .description(
        'deliver webhooks and e-mail, and do what is due, until SIGINT or SIGTERM; as many at once as you like',
      )
      .option('--without-migrate', "start without the owner's login, on a database that is migrated")
      .option('--alive-file <path>', 'touch a file every five seconds while the database answers'),
  ).action((options: WorkerOptions) =>
    operate(
      async ({ config, logins, database, ending }) => {
        await openDataDir(config.dataDir)
        const log = await openLog(config)
        // Loaded here, as no other command needs what it brings along.
        const [{ startWorker }, { serveWorkerMetrics }] = await Promise.all([
          import('../../jobs/worker.ts'),
          import('../../jobs/metrics.ts'),
        ])
        const traces = await openTraces(config)
        const publicUrl = config.publicUrl ?? `http://${config.host}:${config.port}`
        const worker = await startWorker(config, logins, () => publicUrl, log)
        const metrics = await serveWorkerMetrics(config, database)
        const { name } = config.environment
        const lines = [`The worker of the ${name} is at work.`]
        if (metrics.port !== null) lines.push(`Metrics at http://${config.host}:${metrics.port}/metrics`)
        report(options, { environment: name, status: 'working', metricsPort: metrics.port }, lines)
        if (options.aliveFile) void keepAlive(options.aliveFile, database, ending.signal)
        await ending.cause
        await worker.stop(GRACE_MS)
        await traces?.close()
        await metrics.close()
      },
      { endsItself: true, withoutOwner: options.withoutMigrate === true },
    ),
  )
}

async function openTraces({ otlpEndpoint, environment }: Config): Promise<Traces | null> {
  if (otlpEndpoint === null) return null
  const { Traces } = await import('../../operations/tracing/traces.ts')
  const { version } = packageJson
  return new Traces({
    endpoint: otlpEndpoint,
    service: 'anteroom-worker',
    environment: environment.name,
    version,
  })
}

async function keepAlive(file: string, database: Database, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await database`select 1`.then(
      () => writeFileSync(file, `${Date.now()}\n`),
      () => {},
    )
    await delay(ALIVE_MS, null, { signal }).catch(() => {})
  }
}
