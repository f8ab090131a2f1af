import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { bearer, makeTenant } from '../harness/anteroom.ts'
import { type Fleet, startFleet, unlimited } from './fleet.ts'
import { beginWrite, type SlowWrite } from './slow-write.ts'

/** What happens while keys are revoked. */
export const circumstances = ['well', 'listeners cut', 'replica stopped', 'database restarted'] as const
export type Circumstance = (typeof circumstances)[number]

/** How much is done. */
export interface Scale {
  /** Keys to revoke in all, the same number in each of the circumstances. */
  readonly keys: number
  /** Clients of each of the two processes, each with one request under way at most. */
  readonly clients: number
  /** Milliseconds from one revocation to the next. */
  readonly everyMs: number
  /** How long a client waits between its requests, in milliseconds on average. */
  readonly pauseMs: number
  readonly among: readonly Circumstance[]
}

/** What was seen in one of the circumstances. */
export interface Sighting {
  readonly circumstance: Circumstance
  readonly revoked: number
  /** DELETEs that had to be repeated, as no answer came or one of 5xx. */
  readonly repeated: number
  readonly deleteMs: Readonly<Record<'least' | 'median' | 'p99' | 'greatest', number>>
  readonly requests: number
  /** Requests with a key that began after the answer to its DELETE. */
  readonly late: number
  /** What those were answered, by status. */
  readonly lateAnswers: Readonly<Record<string, number>>
  /**
   * Writes with a key whose headers and half a body were sent before its DELETE, and the rest after the answer: what
   * those were answered, by status. 0: the connection was lost.
   */
  readonly slowAnswers: Readonly<Record<string, number>>
}

interface Key {
  readonly id: string
  readonly text: string
  /** Whether the answer to its DELETE is there. */
  revoked: boolean
}

/** Two processes, warm clients, a revocation every few milliseconds. */
export async function watchRevocations(scale: Scale): Promise<Sighting[]> {
  const fleet = await startFleet(2, unlimited)
  try {
    const [first] = fleet.servers
    const tenant = await makeTenant(first?.url as string, 0)
    const keys = await makeKeys(first?.url as string, tenant.key, scale.keys)
    const race = new Race(fleet, keys, tenant.key, scale)
    await race.warm()
    const sightings: Sighting[] = []
    for (const circumstance of scale.among) sightings.push(await race.watch(circumstance))
    race.close()
    return sightings
  } finally {
    await fleet.stop()
  }
}

async function makeKeys(url: string, author: string, count: number): Promise<Key[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const response = await fetch(`${url}/api/keys`, {
        method: 'POST',
        headers: { ...bearer(author), 'content-type': 'application/json' },
        body: JSON.stringify({ name: `to be revoked ${index}` }),
      })
      if (response.status !== 201) throw new Error(`POST /api/keys answered ${response.status}`)
      const { id, key } = (await response.json()) as { id: string; key: string }
      return { id, text: key, revoked: false }
    }),
  )
}

/** Connections to one of the processes that are kept open, so many at most. */
class Line {
  readonly #url: string
  readonly #agent: Agent

  constructor(url: string, connections: number) {
    this.#url = url
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** @throws Error where no whole answer came */
  ask(
    method: string,
    path: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const asked = request(this.#url + path, { method, headers, agent: this.#agent }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode as number, text }))
        response.on('error', reject)
      })
      asked.on('error', reject).end()
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** How long the headers of the slow writes have to arrive, in milliseconds. */
const HEADERS_MS = 200

class Race {
  readonly #fleet: Fleet
  readonly #keys: readonly Key[]
  readonly #author: string
  readonly #scale: Scale
  readonly #lines: readonly Line[]
  /** Connections of their own for the DELETEs and for the requests that follow their answers. */
  readonly #after: readonly Line[]
  #next = 0
  #requests = 0
  #late: Record<string, number> = {}
  #slow: Record<string, number> = {}

  constructor(fleet: Fleet, keys: readonly Key[], author: string, scale: Scale) {
    this.#fleet = fleet
    this.#keys = keys
    this.#author = author
    this.#scale = scale
    const open = (connections: number) => fleet.servers.map(({ url }) => new Line(url, connections))
    this.#lines = open(scale.clients)
    this.#after = open(32)
  }

  /** Every process remembers every key. */
  async warm(): Promise<void> {
    for (const line of this.#lines) {
      const statuses = await Promise.all(this.#keys.map((key) => this.#present(line, key)))
      if (statuses.some((status) => status !== 200)) throw new Error(`not all keys are good: ${statuses}`)
    }
  }

  async watch(circumstance: Circumstance): Promise<Sighting> {
    this.#requests = 0
    this.#late = {}
    this.#slow = {}
    const share = this.#keys.slice(this.#next, this.#next + this.#scale.keys / this.#scale.among.length)
    const clients = new AbortController()
    const running = this.#lines.flatMap((line) =>
      Array.from({ length: this.#scale.clients }, () => this.#client(line, clients.signal)),
    )
    const trouble = this.#trouble(circumstance, share.length * this.#scale.everyMs)
    const times: number[] = []
    let repeated = 0
    const probes: Promise<unknown>[] = []
    const revocations: Promise<void>[] = []
    // Each process has a write of the key under way for a while before the key is revoked.
    const begun = share.map((key) => this.#fleet.servers.map(({ url }) => beginWrite(url, key.text)))
    await delay(HEADERS_MS)
    for (const [index, key] of share.entries()) {
      revocations.push(
        this.#revoke(key, circumstance === 'replica stopped' ? 0 : index % 2).then(({ ms, tries }) => {
          times.push(ms)
          repeated += tries - 1
          for (const line of this.#after) probes.push(this.#present(line, key))
          for (const write of begun[index] ?? []) probes.push(this.#finish(write))
        }),
      )
      this.#next += 1
      await delay(this.#scale.everyMs)
    }
    await trouble
    await Promise.all(revocations)
    await Promise.all(probes)
    clients.abort()
    await Promise.all(running)
    const sorted = times.toSorted((one, other) => one - other)
    const at = (part: number) =>
      Math.round((sorted[Math.floor((sorted.length - 1) * part)] as number) * 10) / 10
    return {
      circumstance,
      revoked: share.length,
      repeated,
      deleteMs: { least: at(0), median: at(0.5), p99: at(0.99), greatest: at(1) },
      requests: this.#requests,
      late: Object.values(this.#late).reduce((sum, count) => sum + count, 0),
      lateAnswers: this.#late,
      slowAnswers: this.#slow,
    }
  }

  async #finish(write: SlowWrite): Promise<void> {
    const status = await write.finish()
    this.#slow[status] = (this.#slow[status] ?? 0) + 1
  }

  close(): void {
    for (const line of [...this.#lines, ...this.#after]) line.close()
  }

  // Keys about to be revoked, being revoked, and just revoked.
  async #client(line: Line, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const index = this.#next - 10 + Math.floor(Math.random() * 20)
      const key = this.#keys[Math.min(Math.max(index, 0), this.#keys.length - 1)] as Key
      await this.#present(line, key)
      await delay(2 * this.#scale.pauseMs * Math.random())
    }
  }

  /** @returns the status; 0 where no answer came */
  async #present(line: Line, key: Key): Promise<number> {
    const late = key.revoked
    let status = 0
    try {
      status = (await line.ask('GET', '/api/whoami', bearer(key.text))).status
    } catch {}
    this.#requests += 1
    if (late) this.#late[status] = (this.#late[status] ?? 0) + 1
    return status
  }

  async #revoke(key: Key, server: number): Promise<{ ms: number; tries: number }> {
    for (let tries = 1; ; tries += 1) {
      const began = performance.now()
      try {
        const line = this.#after[server] as Line
        const { status, text } = await line.ask('DELETE', `/api/keys/${key.id}`, bearer(this.#author))
        if (status === 200) {
          key.revoked = true
          return { ms: performance.now() - began, tries }
        }
        if (status < 500) throw new TypeError(`DELETE answered ${status}: ${text}`)
      } catch (error) {
        if (error instanceof TypeError) throw error
      }
      await delay(50)
    }
  }

  async #trouble(circumstance: Circumstance, durationMs: number): Promise<void> {
    if (circumstance === 'listeners cut') return this.#cutListeners(durationMs)
    if (circumstance === 'replica stopped') {
      const pid = this.#fleet.servers[1]?.pid as number
      await delay(durationMs / 4)
      process.kill(pid, 'SIGSTOP')
      // Longer than a lease, whatever the scale.
      await delay(Math.max(durationMs / 2, 3000))
      process.kill(pid, 'SIGCONT')
    }
    if (circumstance === 'database restarted') {
      await delay(durationMs / 3)
      await this.#fleet.restartDatabase()
    }
  }

  async #cutListeners(durationMs: number): Promise<void> {
    const admin = postgres(this.#fleet.databaseUrl, { max: 1, onnotice: () => {} })
    for (const end = performance.now() + durationMs; performance.now() < end; await delay(300)) {
      await admin`
        select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%listener'`
    }
    await admin.end()
  }
}
