import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../../db/connect.ts'
import {
  type DueDelivery,
  type DueLane,
  deleteOrphans,
  listDueDeliveries,
} from '../../db/queries/deliveries.ts'
import { findTarget } from '../../db/queries/webhooks.ts'
import { presentEvent } from '../events/present.ts'
import type { Recorder } from './recorder.ts'
import { isDelivered, type Sender } from './send.ts'
import { liveSecrets, unsealSecrets, type WebhookSecret } from './signature.ts'

/** What lanes work with. */
export interface LaneTools {
  readonly database: Database
  /** 32 bytes. */
  readonly encryptionKey: Buffer
  readonly sender: Sender
  readonly recorder: Recorder
  readonly onError: (error: unknown) => void
}

/** How many deliveries of one endpoint are under way at once, at most. */
const MOST_AT_ONCE = 10
/** For so many that wait, one more is sent at once: an endpoint that keeps up gets one after the other. */
const WAITING_FOR_ONE_MORE = 10
const FETCHED = 100
/** What was read is sent within this time, or read anew: a change of the endpoint holds soon. */
const FRESH_MS = 1000
const MOST_UNWRITTEN = 500
const RETRY_MS = 500

/**
 * One endpoint's queue, worked off by the one worker that holds its lock. Events go out one after the other, in the
 * order in which they became due, as long as the receiver keeps up: of more than ten that wait, several are sent at
 * once, and a failed one comes again later, after newer ones. An endpoint that is failing gets one at a time.
 */
export class Lane {
  readonly organizationId: string
  readonly webhookId: string
  /** Whether its last attempt failed. */
  failing: boolean
  readonly #tools: LaneTools
  /** Deliveries that are being sent, or whose outcome is not written yet. */
  readonly #busy = new Set<string>()
  #underWay = 0
  #queue: DueDelivery[] = []
  #more = true
  #nudged = false
  #readAt = 0
  #target: { url: string; secrets: readonly WebhookSecret[] } | undefined
  #paused = false
  #stopped = false
  #wake: () => void = () => {}

  constructor(lane: DueLane, tools: LaneTools) {
    this.organizationId = lane.organizationId
    this.webhookId = lane.webhookId
    this.failing = lane.failing
    this.#tools = tools
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true
    this.#wake()
  }

  /** Something may have become due. */
  nudge(): void {
    this.#nudged = true
    this.#wake()
  }

  /** Resolves when nothing is due any more, or it was stopped, and all that was begun is written down. */
  async run(): Promise<void> {
    while (!this.#stopped && !this.#paused) {
      if (this.#mustRead()) await this.#read()
      if (this.#queue.length === 0 && this.#busy.size === 0 && !this.#more && !this.#nudged) break
      while (this.#mayStart()) this.#start(this.#queue.shift() as DueDelivery)
      if (this.#busy.size > 0) await this.#change()
    }
    this.#queue = []
    while (this.#busy.size > 0) await this.#change()
  }

  #mustRead(): boolean {
    if (this.#queue.length === 0) return (this.#more || this.#nudged) && this.#busy.size < MOST_UNWRITTEN
    return performance.now() - this.#readAt > FRESH_MS
  }

  #mayStart(): boolean {
    if (this.#queue.length === 0 || this.#stopped || this.#paused) return false
    if (this.#busy.size >= MOST_UNWRITTEN) return false
    const waiting = this.#queue.length + (this.#more ? FETCHED : 0)
    const wanted = this.failing
      ? 1
      : Math.min(MOST_AT_ONCE, Math.ceil((waiting + this.#underWay) / WAITING_FOR_ONE_MORE))
    return this.#underWay < wanted
  }

  async #read(): Promise<void> {
    const { database, encryptionKey, onError } = this.#tools
    this.#nudged = false
    try {
      // One after the other: what happened after a change of the endpoint goes to where it leads by then.
      const due = await listDueDeliveries(
        database,
        this.organizationId,
        this.webhookId,
        [...this.#busy],
        FETCHED,
      )
      const [target] = await findTarget(database, this.organizationId, this.webhookId)
      this.#readAt = performance.now()
      if (!target) await deleteOrphans(database, this.organizationId, this.webhookId)
      const open = target !== undefined && !target.quiet
      this.#queue = open ? [...due] : []
      this.#more = open && due.length === FETCHED
      this.#target = target && {
        url: target.url,
        secrets: liveSecrets(
          unsealSecrets(encryptionKey, this.webhookId, target.secrets),
          target.now.getTime(),
        ),
      }
    } catch (error) {
      // Whoever takes the lane up next finds everything as it was.
      onError(error)
      this.#queue = []
      await delay(RETRY_MS)
      this.#stopped = true
    }
  }

  #start(delivery: DueDelivery): void {
    this.#busy.add(delivery.id)
    this.#underWay += 1
    void this.#deliver(delivery).finally(() => {
      this.#busy.delete(delivery.id)
      this.#wake()
    })
  }

  async #deliver(delivery: DueDelivery): Promise<void> {
    const { url, secrets } = this.#target as { url: string; secrets: readonly WebhookSecret[] }
    const { sender, recorder } = this.#tools
    const { eventId: id, type, createdAt, data } = delivery
    const body = Buffer.from(JSON.stringify(presentEvent({ id, type, createdAt, data })))
    const outcome = await sender.send(url, { id, body }, secrets)
    this.#underWay -= 1
    // Broken off as the process ends: nobody knows whether it arrived, so that it goes out again.
    if (!outcome) return
    this.failing = !isDelivered(outcome)
    this.#paused ||= outcome.retryAfterMs !== null
    this.#wake()
    await recorder.record({
      organizationId: this.organizationId,
      webhookId: this.webhookId,
      deliveryId: delivery.id,
      attempt: delivery.attempt + 1,
      tries: delivery.tries + 1,
      outcome,
      endedAt: performance.now(),
    })
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
