import { Gauge, type Registry } from 'prom-client'
import type { Environment } from '../../config/environment.ts'
import type { Database } from '../../db/connect.ts'
import { queueNames } from '../../db/jobs.ts'
import { findJobBacklogs, findStoredBytes, findWebhookBacklog } from '../../db/queries/backlog.ts'
import { replicaNames } from '../../db/queries/replicas.ts'

/** Deliveries are counted up to this number. */
const MOST_COUNTED = 100_000
/** Several scrapers share one answer of the database. */
const FRESH_MS = 5000
/** The sum reads every file's row. */
const STORAGE_FRESH_MS = 5 * 60_000
/** A scrape waits so long for the database. Without an answer the metrics of the database are left out. */
const LONGEST_MS = 2000

/**
 * Adds what waits in the database, for the whole installation: every process tells the same numbers. A scrape without
 * a database still answers, and leaves them out.
 */
export function measureBacklog(registry: Registry, database: Database, environment: Environment): void {
  const backlog = cached(FRESH_MS, async () => {
    const [[webhooks], jobs, instances] = await Promise.all([
      findWebhookBacklog(database, MOST_COUNTED),
      findJobBacklogs(database, environment),
      replicaNames(database),
    ])
    return { webhooks, jobs: new Map(jobs.map((row) => [row.queue, row])), instances: instances.length }
  })
  const stored = cached(STORAGE_FRESH_MS, async () => (await findStoredBytes(database))[0]?.bytes ?? 0)

  const add = (name: string, help: string, read: () => Promise<number | undefined>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = await read()
        if (value === undefined) this.remove()
        else this.set(value)
      },
    })
  const addOfQueues = (
    name: string,
    help: string,
    field: 'waiting' | 'active' | 'failed' | 'oldestSeconds',
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['queue'],
      registers: [registry],
      async collect() {
        const found = await backlog()
        this.reset()
        for (const queue of found ? queueNames : []) this.set({ queue }, found?.jobs.get(queue)?.[field] ?? 0)
      },
    })

  add(
    'anteroom_instances',
    'API processes that hold a lease or held one a moment ago',
    async () => (await backlog())?.instances,
  )
  add(
    'anteroom_webhook_pending',
    `Deliveries that wait, counted up to ${MOST_COUNTED}`,
    async () => (await backlog())?.webhooks?.pending,
  )
  add(
    'anteroom_webhook_oldest_seconds',
    'For how long the oldest delivery has been due at an endpoint that takes deliveries',
    async () => (await backlog())?.webhooks?.oldestSeconds,
  )
  addOfQueues(
    'anteroom_jobs_waiting',
    'Jobs that are due and not in work; the queue mail holds e-mail',
    'waiting',
  )
  addOfQueues('anteroom_jobs_active', 'Jobs in work', 'active')
  addOfQueues('anteroom_jobs_failed', 'Jobs that were given up and not deleted yet', 'failed')
  addOfQueues(
    'anteroom_job_oldest_seconds',
    'For how long the oldest waiting job has been due',
    'oldestSeconds',
  )
  add('anteroom_stored_bytes', 'Bytes of all stored files, counted every five minutes', stored)
}

/** Asks again only after a while; one question serves all who ask meanwhile. Undefined: no answer in time. */
function cached<T>(freshMs: number, read: () => Promise<T>): () => Promise<T | undefined> {
  let known: { readonly at: number; readonly value: T } | null = null
  let asking: Promise<T | undefined> | null = null
  return async () => {
    if (known && performance.now() - known.at < freshMs) return known.value
    asking ??= read()
      .then(
        (value) => {
          known = { at: performance.now(), value }
          return value
        },
        () => undefined,
      )
      .finally(() => {
        asking = null
      })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, LONGEST_MS, undefined)
    })
    return Promise.race([asking, late]).finally(() => clearTimeout(timer))
  }
}
