// node bench/evidence/webhooks.ts [--events 10000] [--endpoints 20] [--kills 5]
// A quarter of the endpoints fail, hang or answer slowly; the worker is killed with SIGKILL again and again, and the
// database is restarted once. Every event must have arrived at every healthy endpoint in the end.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import postgres from 'postgres'
import { makeTenant } from '../harness/anteroom.ts'
import {
  makeEndpoints,
  makeEvents,
  startSink,
  startWorkerProcess,
  toLoopback,
  untilCount,
} from '../harness/webhooks.ts'
import { startFleet, unlimited } from './fleet.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000' },
    endpoints: { type: 'string', default: '20' },
    kills: { type: 'string', default: '5' },
  },
})
const [events, endpoints, kills] = [values.events, values.endpoints, values.kills].map(Number) as [
  number,
  number,
  number,
]
const healthy = endpoints - Math.floor(endpoints / 4)
const SLOW_MS = 2000

/** What is wrong with an endpoint, by the last part of its path. */
const faults: Record<string, (response: ServerResponse) => void> = {
  fails: (response) => response.writeHead(500).end(),
  hangs: () => {},
  slow: (response) => void setTimeout(() => response.end(), SLOW_MS),
  resets: (response) => void response.destroy(),
  redirects: (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
}
const kinds = Object.keys(faults)
const ill = createServer((request, response) => {
  request.resume()
  faults[request.url?.split('/').at(-1) ?? '']?.(response)
}).listen(0, '127.0.0.1')
await once(ill, 'listening')
const illUrl = `http://127.0.0.1:${(ill.address() as AddressInfo).port}`

const key = Buffer.alloc(32, 7).toString('base64')
const fleet = await startFleet(1, { ...unlimited, ...toLoopback, ENCRYPTION_KEY: key }, ['--without-worker'])
const sink = await startSink()
const workerVariables = { DATABASE_URL: fleet.databaseUrl, ENCRYPTION_KEY: key, LOG_LEVEL: 'silent' }
let worker = await startWorkerProcess(workerVariables)
const megabytes: number[] = []
const watching = setInterval(() => {
  try {
    megabytes.push(
      Number(execFileSync('ps', ['-o', 'rss=', '-p', String(worker.pid)], { encoding: 'utf8' })) / 1024,
    )
  } catch {
    // It was killed a moment ago.
  }
}, 1000)

try {
  const api = fleet.servers[0]?.url as string
  const tenant = await makeTenant(api, 0)
  const healthyUrls = Array.from({ length: healthy }, (_, index) => `${sink.url}/${index}`)
  const illUrls = Array.from(
    { length: endpoints - healthy },
    (_, index) => `${illUrl}/${index}/${kinds[index % kinds.length]}`,
  )
  await makeEndpoints(api, tenant.key, [...healthyUrls, ...illUrls])

  const began = performance.now()
  const made = makeSome(api, tenant.key, events)
  const steps = kills + 1
  for (let step = 1; step <= kills; step += 1) {
    await untilCount(sink.distinct, Math.floor((events * healthy * step) / steps))
    await worker.end('SIGKILL')
    if (step === Math.ceil(kills / 2)) {
      process.stdout.write('the database is restarted\n')
      await fleet.restartDatabase()
    }
    worker = await startWorkerProcess(workerVariables)
    process.stdout.write(`killed ${step} times, ${await sink.distinct()} arrived\n`)
  }
  await made
  const sql = postgres(fleet.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  const written = await sql<{ id: string }[]>`
    select id from events
    where type = 'campaign.created' and organization_id in (select organization_id from webhooks)`
  await untilCount(sink.distinct, written.length * healthy)
  const seconds = (performance.now() - began) / 1000

  const arrivals = await sink.arrivals()
  const seen = new Set(arrivals.map(({ endpoint, id }) => `${endpoint} ${id}`))
  const lost = written.flatMap(({ id }) =>
    healthyUrls.filter((_, index) => !seen.has(`/${index} ${id}`)),
  ).length
  const states = await sql`
    select url, state, count(*)::int from deliveries join webhooks on webhooks.id = webhook_id
    where url like ${`${illUrl}%`} group by url, state order by url, state`
  await sql.end()
  const result = {
    events: written.length,
    healthyEndpoints: healthy,
    kills,
    arrived: seen.size,
    lost,
    duplicates: arrivals.length - seen.size,
    seconds: Math.round(seconds),
    perSecond: Math.round(seen.size / seconds),
    workerMegabytes: {
      first: Math.round(megabytes[2] ?? 0),
      most: Math.round(Math.max(...megabytes)),
      last: Math.round(megabytes.at(-1) ?? 0),
    },
    ill: states.map(({ url, state, count }) => `${String(url).split('/').at(-1)} ${state} ${count}`),
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  process.exitCode = lost === 0 ? 0 : 1
} finally {
  clearInterval(watching)
  await worker.end('SIGTERM')
  await sink.stop()
  ill.close()
  ill.closeAllConnections()
  await fleet.stop()
}

/** Makes events until so many were answered 201; the API refuses while the database is away. */
async function makeSome(api: string, key: string, count: number): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left > 0) {
        left -= 1
        await makeEvents(api, key, 1, 1).catch(async () => {
          left += 1
          await delay(100)
        })
      }
    }),
  )
}
