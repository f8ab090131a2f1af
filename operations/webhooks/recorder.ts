import { setTimeout as delay } from 'node:timers/promises'
import type { Database, Queryable } from '../../db/connect.ts'
import { type AttemptRecord, recordAttempts } from '../../db/queries/deliveries.ts'
import { lockWebhooksOfMany } from '../../db/queries/webhook-locks.ts'
import { type Health, noteHealth } from '../../db/queries/webhooks.ts'
import type { EndpointCare } from './care.ts'
import { delayAfter } from './retries.ts'
import { isDelivered, type Outcome } from './send.ts'

/** An attempt that has ended. */
export interface EndedAttempt {
  readonly organizationId: string
  readonly webhookId: string
  readonly deliveryId: string
  /** Its number. */
  readonly attempt: number
  /** Attempts since the delivery was put into the queue, this one included. */
  readonly tries: number
  readonly outcome: Outcome
  /** When it ended, on the monotonic clock. */
  readonly endedAt: number
}

const GONE = 410
const MOST_AT_ONCE = 500
const RETRY_MS = 500

/**
 * Writes down how attempts ended: those that end while a batch is being written are the next batch, so that a busy
 * worker pays for one transaction where an idle one writes at once. What can't be written is tried again until it can:
 * a database that is away for a while costs no knowledge of what has arrived.
 */
export class Recorder {
  readonly #database: Database
  readonly #care: EndpointCare
  readonly #onError: (error: unknown) => void
  #waiting: { attempt: EndedAttempt; written: () => void }[] = []
  #writing: Promise<void> | null = null
  #stopped = false

  constructor(database: Database, care: EndpointCare, onError: (error: unknown) => void) {
    this.#database = database
    this.#care = care
    this.#onError = onError
  }

  /** Resolves once it is written, or given up at the end of the process. */
  record(attempt: EndedAttempt): Promise<void> {
    const written = new Promise<void>((resolve) => this.#waiting.push({ attempt, written: resolve }))
    this.#writing ??= this.#writeAll()
    return written
  }

  /** Writes what waits, and does not try again what fails from now on. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    // What ends in this turn of the event loop goes with the first batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST_AT_ONCE)
      await this.#writeUntilDone(batch.map(({ attempt }) => attempt))
      for (const { written } of batch) written()
    }
    // In the same turn as the look at what waits: what comes a moment later begins anew.
    this.#writing = null
  }

  async #writeUntilDone(batch: readonly EndedAttempt[]): Promise<void> {
    for (;;) {
      try {
        await this.#database.begin((tx) => this.#write(tx, batch))
        return
      } catch (error) {
        this.#onError(error)
        if (this.#stopped) return
        await delay(RETRY_MS)
      }
    }
  }

  async #write(tx: Queryable, batch: readonly EndedAttempt[]): Promise<void> {
    await lockWebhooksOfMany(tx, batch)
    await recordAttempts(tx, batch.map(toRecord))
    const health = healthOf(batch)
    if (health.length === 0) return
    const failing = await noteHealth(tx, health)
    // Each writes to its organization's audit log, whose lock lasts until the end: one organization after the other.
    for (const id of [...new Set(batch.map(({ organizationId }) => organizationId))].sort()) {
      const ofIt = ({ organizationId }: { organizationId: string }) => organizationId === id
      for (const each of failing.filter(ofIt)) await this.#care.tellOfFailing(tx, each)
      for (const { webhookId, outcome } of batch.filter(ofIt)) {
        if (outcome.status === GONE) await this.#care.disable(tx, id, webhookId, 'gone')
      }
    }
  }
}

function toRecord(ended: EndedAttempt): AttemptRecord {
  const { outcome, tries } = ended
  const arrived = isDelivered(outcome)
  const wait = arrived || outcome.status === GONE ? null : delayAfter(tries, outcome.retryAfterMs)
  return {
    organizationId: ended.organizationId,
    id: ended.deliveryId,
    attempt: ended.attempt,
    state: arrived ? 'delivered' : wait === null ? 'failed' : 'pending',
    delaySeconds: (wait ?? 0) / 1000,
    agoSeconds: (performance.now() - ended.endedAt + outcome.durationMs) / 1000,
    status: outcome.status,
    durationMs: outcome.durationMs,
    response: outcome.response,
    error: outcome.error,
  }
}

/** One entry an endpoint, in the order of ids, so that writers who meet do it in one order. */
function healthOf(batch: readonly EndedAttempt[]): Health[] {
  const byEndpoint = new Map<string, Health>()
  for (const { organizationId, webhookId, outcome } of batch) {
    const before = byEndpoint.get(webhookId)
    const pause = outcome.retryAfterMs === null ? null : outcome.retryAfterMs / 1000
    byEndpoint.set(webhookId, {
      organizationId,
      id: webhookId,
      well: isDelivered(outcome),
      wellBefore: before ? before.well || before.wellBefore : false,
      pauseSeconds: Math.max(pause ?? 0, before?.pauseSeconds ?? 0) || null,
    })
  }
  return [...byEndpoint.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
}
