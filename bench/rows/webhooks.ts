import { setTimeout as delay } from 'node:timers/promises'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { makeTenant } from '../harness/anteroom.ts'
import type { Stage } from '../harness/stage.ts'
import { spreadOf } from '../harness/stats.ts'
import {
  makeEndpoints,
  makeEvents,
  type Sink,
  startApi,
  startSink,
  startWorkerProcess,
  untilCount,
  type WorkerProcess,
} from '../harness/webhooks.ts'
import type { Row } from './row.ts'

const TARGET_PER_SECOND = 500
const TARGET_MS = 100
const ENDPOINTS = 20
const EVENTS = 500
const SINGLE_EVENTS = 100
const PAUSE_MS = 30

/** How many deliveries one worker makes in a second. */
export const webhookRate: Row = {
  name: 'webhook-rate',
  title: `deliveries a second of one worker: ${EVENTS} events that wait for ${ENDPOINTS} endpoints of a local receiver`,
  target: `>= ${TARGET_PER_SECOND} /s`,
  measure: (stage, { rounds }) =>
    withSink(stage, async ({ sink, api, key, startWorker }) => {
      await makeEndpoints(
        api,
        key,
        Array.from({ length: ENDPOINTS }, (_, index) => `${sink.url}/${index}`),
      )
      const rates: number[] = []
      for (let round = 0; round < rounds; round += 1) {
        await makeEvents(api, key, EVENTS)
        await sink.forget()
        const worker = await startWorker()
        await untilCount(sink.count, EVENTS * ENDPOINTS)
        await worker.end('SIGTERM')
        const times = (await sink.arrivals()).map(({ at }) => at).sort((one, other) => one - other)
        rates.push((times.length * 1000) / ((times.at(-1) as number) - (times[0] as number)))
      }
      const value = spreadOf(rates)
      return {
        value,
        unit: '/s',
        holds: value.median >= TARGET_PER_SECOND,
        note: `${EVENTS * ENDPOINTS} deliveries a round, ${rounds} rounds, from the first arrival to the last`,
        details: { rates },
      }
    }),
}

/** How long an event takes from its commit to its receiver when nothing else is to be done. */
export const webhookLatency: Row = {
  name: 'webhook-latency',
  title: `from the beginning of an event's transaction to its arrival at a local receiver, ${SINGLE_EVENTS} events one by one`,
  target: `< ${TARGET_MS} ms`,
  measure: (stage) =>
    withSink(stage, async ({ sink, api, key, startWorker }) => {
      await makeEndpoints(api, key, [`${sink.url}/one`])
      const worker = await startWorker()
      for (let count = 0; count < SINGLE_EVENTS; count += 1) {
        await makeEvents(api, key, 1, 1)
        await delay(PAUSE_MS)
      }
      await untilCount(sink.count, SINGLE_EVENTS)
      await worker.end('SIGTERM')
      const arrivals = await sink.arrivals()
      const response = await fetch(`${api}/api/events?limit=100&type=campaign.created`, {
        headers: { authorization: `Bearer ${key}` },
      })
      const { events } = (await response.json()) as { events: { id: string; createdAt: string }[] }
      const began = new Map(events.map(({ id, createdAt }) => [id, Date.parse(createdAt)]))
      const latencies = arrivals.map(({ at, id }) => at - (began.get(id) as number))
      const value = spreadOf(latencies)
      return {
        value,
        unit: 'ms',
        holds: value.median < TARGET_MS,
        note: 'API, worker, receiver and PostgreSQL are processes of their own; to the millisecond',
        details: { latencies },
      }
    }),
}

interface Scene {
  readonly sink: Sink
  readonly api: string
  readonly key: string
  readonly startWorker: () => Promise<WorkerProcess>
}

async function withSink<T>(stage: Stage, work: (scene: Scene) => Promise<T>): Promise<T> {
  // A database of its own: the worker of the stage's server, which may reach public addresses alone, would take part.
  const database = await startEmbedded({ dataDir: await stage.newFolder() })
  const env = { DATABASE_URL: database.url, DATA_DIR: await stage.newFolder() }
  const sink = await startSink()
  const api = await startApi(env)
  const workers: WorkerProcess[] = []
  const startWorker = async () => {
    const worker = await startWorkerProcess(env)
    workers.push(worker)
    return worker
  }
  try {
    const { key } = await makeTenant(api.url, 0)
    return await work({ sink, api: api.url, key, startWorker })
  } finally {
    for (const worker of workers) await worker.end('SIGTERM')
    await api.stop()
    await sink.stop()
    await database.stop()
  }
}
