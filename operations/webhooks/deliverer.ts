import { setTimeout as delay } from 'node:timers/promises'
import type { Environment } from '../../config/environment.ts'
import { connectOnce, type Database } from '../../db/connect.ts'
import { listenToEvents } from '../../db/event-signal.ts'
import { type DueLane, findDueLanes } from '../../db/queries/deliveries.ts'
import { Lane, type LaneTools } from './lane.ts'

/** Endpoints that one worker sees to at once; those that fail get half of the places at most. */
const MOST_LANES = 200
const MOST_FAILING = MOST_LANES / 2
/** New events announce themselves; what is to be tried again, or was left by a dead worker, is found by looking. */
const LOOK_MS = 1000
/** From one look to the next at least, in milliseconds: of many events at once each does not ask for one of its own. */
const PAUSE_MS = 10

/** What the deliverer needs to know of the process. */
export interface DelivererOptions extends LaneTools {
  /** Of the system's login, past a pooler. */
  readonly databaseUrl: string
  readonly environment: Environment
}

/**
 * Delivers events to endpoints. The deliveries themselves are the queue, and no job of pg-boss stands beside each: a
 * job costs several statements where one delivery here costs a share of one, and pg-boss knows neither an order within
 * an endpoint nor a limit for it. A worker takes whole endpoints, by an advisory lock of its session, which PostgreSQL
 * gives back at the very moment in which the process dies: what it had not written down is due as before, and the next
 * worker sends it. Whatever happens, a delivery leaves the queue by the statement that says how its attempt ended, and
 * in no other way.
 */
export class Deliverer {
  readonly #options: DelivererOptions
  readonly #locks: Database
  readonly #lanes = new Map<string, { lane: Lane; done: Promise<void> }>()
  #unlisten: (() => Promise<void>) | null = null
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | null = null
  #lookAgain = false
  #stopped = false

  constructor(options: DelivererOptions) {
    this.#options = options
    this.#locks = connectOnce(options.databaseUrl, options.environment, () => this.#onLocksLost())
  }

  /** Delivers from here on. */
  async start(): Promise<void> {
    const { database, environment } = this.#options
    this.#unlisten = await listenToEvents(database, environment, (id) => this.#onDue(id))
    this.#timer = setInterval(() => this.#onDue(null), LOOK_MS)
    this.#look()
  }

  /** Begins nothing more, waits so many milliseconds for what is under way, and breaks the rest off. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    const { sender, recorder, onError } = this.#options
    await this.#unlisten?.().catch(onError)
    await this.#looking
    for (const { lane } of this.#lanes.values()) lane.stop()
    const done = Promise.all([...this.#lanes.values()].map((held) => held.done))
    const ended = new AbortController()
    await Promise.race([done, delay(graceMs, null, { signal: ended.signal }).catch(() => {})])
    ended.abort()
    await sender.close()
    await recorder.stop()
    await done
    await this.#locks.end({ timeout: 1 })
  }

  // Another worker may have the endpoints by now: what is under way ends, and nothing more is begun.
  #onLocksLost(): void {
    for (const { lane } of this.#lanes.values()) lane.stop()
  }

  #onDue(organizationId: string | null): void {
    for (const { lane } of this.#lanes.values()) {
      if (organizationId === null || lane.organizationId === organizationId) lane.nudge()
    }
    this.#look()
  }

  #look(): void {
    if (this.#stopped) return
    this.#lookAgain = true
    this.#looking ??= this.#lookWhileAsked()
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#lookAgain && !this.#stopped) {
      this.#lookAgain = false
      await this.#lookOnce().catch(this.#options.onError)
      await delay(PAUSE_MS)
    }
    // In the same turn as the last look at the wish: one that comes a moment later begins anew.
    this.#looking = null
  }

  async #lookOnce(): Promise<void> {
    const free = MOST_LANES - this.#lanes.size
    if (free <= 0) return
    const due = await findDueLanes(this.#options.database, [...this.#lanes.keys()], free)
    let failing = [...this.#lanes.values()].filter(({ lane }) => lane.failing).length
    const wanted = due.filter((lane) => !lane.failing || failing++ < MOST_FAILING)
    for (const lane of await this.#take(wanted)) this.#open(lane)
  }

  async #take(lanes: readonly DueLane[]): Promise<DueLane[]> {
    if (lanes.length === 0) return []
    const ids = lanes.map(({ webhookId }) => webhookId)
    const rows = await this.#locks<{ id: string; taken: boolean }[]>`
      select id, pg_try_advisory_lock(hashtextextended('anteroom webhook ' || id, 0)) as taken
      from unnest(${ids}::text[]) as id`
    const taken = new Set(rows.filter((row) => row.taken).map(({ id }) => id))
    return lanes.filter(({ webhookId }) => taken.has(webhookId))
  }

  #open(due: DueLane): void {
    const lane = new Lane(due, this.#options)
    const done = lane.run().finally(async () => {
      await this.#release(due.webhookId)
      this.#lanes.delete(due.webhookId)
      // Between its last look and its end something may have become due that others passed by, as it was held.
      this.#look()
    })
    this.#lanes.set(due.webhookId, { lane, done })
  }

  async #release(webhookId: string): Promise<void> {
    try {
      await this.#locks`select pg_advisory_unlock(hashtextextended('anteroom webhook ' || ${webhookId}, 0))`
    } catch (error) {
      this.#options.onError(error)
    }
  }
}
