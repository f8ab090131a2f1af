import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bearer } from './anteroom.ts'
import { type Server, startServer } from './process.ts'

/** For a server and a worker whose receivers are on loopback. */
export const toLoopback = { WEBHOOK_ALLOWED_TARGETS: '127.0.0.0/8' } as const

/** What came to a receiver: when (milliseconds since 1970), at which path, and which event. */
export interface Arrival {
  readonly at: number
  readonly endpoint: string
  readonly id: string
}

/** A receiver in a process of its own, which answers at once. */
export interface Sink {
  readonly url: string
  count(): Promise<number>
  /** How many there were, those that came twice counted once. */
  distinct(): Promise<number>
  arrivals(): Promise<Arrival[]>
  forget(): Promise<void>
  stop(): Promise<void>
}

/** Starts it. */
export async function startSink(): Promise<Sink> {
  const server = await startServer({
    script: new URL('../candidates/webhook-sink.ts', import.meta.url),
    env: {},
    readyPath: '/ready',
  })
  const ask = async (path: string) => (await fetch(server.url + path)).text()
  return {
    url: server.url,
    count: async () => Number(await ask('/count')),
    distinct: async () => Number(await ask('/distinct')),
    arrivals: async () => JSON.parse(await ask('/arrivals')) as Arrival[],
    forget: async () => void (await ask('/forget')),
    stop: () => server.stop(),
  }
}

/**
 * Starts an API process that leaves deliveries to others.
 * @param env besides those that the bench's servers all have
 */
export function startApi(env: Readonly<Record<string, string>>): Promise<Server> {
  return startServer({
    script: new URL('../../server.ts', import.meta.url),
    args: ['--without-worker'],
    env: {
      ANTEROOM_ENV: 'sandbox',
      RATE_LIMIT_PER_MINUTE: '1000000000',
      LOG_LEVEL: 'warn',
      ...toLoopback,
      ...env,
    },
    readyPath: '/readyz',
  })
}

/** As docker-compose.yml starts workers. */
const nodeOptions = ['--max-semi-space-size=4', '--max-old-space-size=384']

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly pid: number
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** Starts it, and waits until it works. */
export async function startWorkerProcess(env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const { PATH = '', HOME = '' } = process.env
  const script = fileURLToPath(new URL('../../bin/anteroom.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [...nodeOptions, script, 'worker'], {
    env: {
      PATH,
      HOME,
      NODE_ENV: 'production',
      ANTEROOM_ENV: 'sandbox',
      LOG_LEVEL: 'warn',
      ...toLoopback,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(child, 'exit').then(() => process.off('exit', kill))
  await Promise.race([
    once(child.stdout as NonNullable<typeof child.stdout>, 'data'),
    ended.then(() => Promise.reject(new Error('the worker ended before it worked'))),
  ])
  child.stdout?.resume()
  return {
    pid: child.pid as number,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    },
  }
}

/** Makes endpoints, one for each URL, that get every new campaign. */
export async function makeEndpoints(url: string, key: string, targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    await post(`${url}/api/webhooks`, key, { url: target, events: ['campaign.created'] })
  }
}

/** Makes so many campaigns, each of which is an event; some at once. */
export async function makeEvents(url: string, key: string, count: number, atOnce = 8): Promise<void> {
  let made = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (made < count) {
        made += 1
        await post(`${url}/api/campaigns`, key, { name: `Campaign ${made}` })
      }
    }),
  )
}

/** Waits until a number is reached. @throws Error after a time without any change, in milliseconds */
export async function untilCount(
  count: () => Promise<number>,
  wanted: number,
  patienceMs = 60_000,
): Promise<void> {
  let last = -1
  let changedAt = performance.now()
  for (;;) {
    const now = await count()
    if (now >= wanted) return
    if (now !== last) changedAt = performance.now()
    if (performance.now() - changedAt > patienceMs) throw new Error(`${now} of ${wanted} arrived`)
    last = now
    await delay(50)
  }
}

async function post(url: string, key: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...bearer(key), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (response.status !== 201) throw new Error(`POST ${url} answered ${response.status}: ${text}`)
}
