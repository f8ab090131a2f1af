import { tracingChannel } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import type { Environment } from '../../config/environment.ts'
import { acknowledge, type Change, listenToChanges } from '../../db/changes.ts'
import type { Database } from '../../db/connect.ts'
import {
  currentHorizon,
  liveReplicas,
  newestChanges,
  registerReplica,
  removeReplica,
  renewLease,
  replicaNames,
  sweepReplicas,
} from '../../db/queries/replicas.ts'
import { newId } from '../../schemas/ids.ts'
import { type Acknowledged, AcknowledgementBook, type Receipt } from './receipt.ts'

/** How long a replica may answer from memory after it last read the changes, on the database's clock. */
const LEASE_MS = 2000
/** By how much sooner it stops: for clocks that run at different rates, rounded times, and timers that fire early. */
const MARGIN_MS = 50
const RENEW_MS = 500
const SWEEP_MS = 60_000
const SWEPT_AFTER_SECONDS = 3600

/** One measurement of a change that takes effect everywhere. Its context says whether a lease had to lapse for it. */
const settleChannel = tracingChannel('anteroom:settle')

/** What a replica must be able to forget. */
export interface Memory {
  invalidate(tag: string): void
  clear(): void
}

/**
 * This process as one of the replicas that answer for an environment: it may answer from memory while it holds a
 * lease, and forgets what changes. `settle` makes a change hold everywhere before its maker is answered.
 * The protocol and its proof: docs/revocation.md.
 */
export class Replica {
  readonly id = newId('rep')
  readonly #database: Database
  readonly #environment: Environment
  readonly #memory: Memory
  readonly #onError: (error: unknown) => void
  readonly #book = new AcknowledgementBook()
  /** On the monotonic clock. */
  #trustedUntil = 0
  /** On the wall clock, which goes on while the machine sleeps. */
  #trustedBefore = 0
  #horizon = '0'
  /** The ids of changes since the horizon that were heard of before. */
  #known: ReadonlySet<string> = new Set()
  #sweptAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  #renewing: Promise<void> | null = null
  #unlisten: (() => Promise<void>) | null = null
  #stopped = false
  #unacknowledged: string[] = []

  constructor(
    database: Database,
    environment: Environment,
    memory: Memory,
    onError: (error: unknown) => void,
  ) {
    this.#database = database
    this.#environment = environment
    this.#memory = memory
    this.#onError = onError
  }

  /**
   * Whether the process may answer from memory. Counted from before the renewal was sent, so that it ends no later
   * than the database believes; on the monotonic clock, which no one sets, and which goes on while the process is
   * stopped; and on the wall clock, which goes on while the machine is suspended.
   */
  trusted(): boolean {
    return performance.now() < this.#trustedUntil && Date.now() < this.#trustedBefore
  }

  /** For how long it may still answer from memory, in milliseconds; 0 without a lease. */
  get leaseMs(): number {
    return this.trusted() ? this.#trustedUntil - performance.now() : 0
  }

  /** Registers, listens, and holds a lease from here on. */
  async start(): Promise<void> {
    await this.#register()
    this.#unlisten = await listenToChanges(this.#database, this.#environment, {
      onChange: (change) => this.#apply([change]),
      onAcknowledgement: (acknowledgement) => this.#book.note(acknowledgement),
      onGap: () => void this.#renewSoon(),
    })
    await this.#renewSoon()
  }

  /** Gives the lease back. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#distrust()
    await this.#renewing
    await this.#unlisten?.().catch(this.#onError)
    await removeReplica(this.#database, this.id).catch(this.#onError)
  }

  /**
   * Waits until no replica answers from what it remembered before these changes. Called after the commit of a
   * transaction that announced them, and before its maker is answered.
   * @returns who acknowledged when; within the length of a lease also when replicas are dead, stopped or cut off, or
   *   the database is lost: every lease that was given before the commit has lapsed by then, and later ones came with
   *   the change
   */
  async settle(tags: readonly string[]): Promise<Receipt> {
    for (const tag of tags) this.#memory.invalidate(tag)
    const here = { id: this.id, acknowledgedAt: new Date() }
    if (tags.length === 0) return { effectiveAt: new Date(), replicas: [here] }
    const measured = { lapsed: false }
    return settleChannel.tracePromise(() => this.#settle(tags, here, measured), measured)
  }

  async #settle(
    tags: readonly string[],
    here: Acknowledged,
    measured: { lapsed: boolean },
  ): Promise<Receipt> {
    const asked = new AbortController()
    const lapsed = delay(LEASE_MS, null, { signal: asked.signal })
    lapsed.catch(() => {})
    const known = { changeIds: [] as string[], names: [] as string[] }
    const receipt = this.#everyoneOf(tags, here, known).catch((error: unknown) => {
      this.#onError(error)
      return lapsed
    })
    try {
      const whole = await Promise.race([receipt, lapsed])
      measured.lapsed = !whole
      return whole ?? this.#book.receipt(known.changeIds, known.names, here)
    } finally {
      asked.abort()
    }
  }

  /** @throws Error where a tag was not announced, or the database does not answer */
  async #everyoneOf(
    tags: readonly string[],
    here: Acknowledged,
    known: { changeIds: string[]; names: string[] },
  ): Promise<Receipt> {
    const [changeIds, replicas] = await Promise.all([
      newestChanges(this.#database, tags).then((ids) => {
        known.changeIds = ids
        return ids
      }),
      liveReplicas(this.#database),
      replicaNames(this.#database).then((names) => {
        known.names = names.filter((name) => name !== this.id)
      }),
    ])
    if (changeIds.length < new Set(tags).size) throw new Error(`not all announced: ${tags.join(', ')}`)
    return this.#book.wait(
      changeIds,
      replicas.filter(({ id }) => id !== this.id),
      here,
    )
  }

  async #register(): Promise<void> {
    this.#distrust()
    this.#horizon = await currentHorizon(this.#database)
    this.#known = new Set()
    this.#memory.clear()
    await registerReplica(this.#database, this.id)
  }

  #distrust(): void {
    this.#trustedUntil = 0
    this.#trustedBefore = 0
  }

  #renewSoon(): Promise<void> {
    clearTimeout(this.#timer)
    this.#renewing ??= this.#renew()
      .catch((error: unknown) => {
        if (!this.#stopped) this.#onError(error)
      })
      .finally(() => {
        this.#renewing = null
        if (this.#stopped) return
        this.#timer = setTimeout(() => void this.#renewSoon(), RENEW_MS)
        this.#timer.unref()
      })
    return this.#renewing
  }

  async #renew(): Promise<void> {
    const asked = { monotonic: performance.now(), wall: Date.now() }
    const renewal = await renewLease(this.#database, this.id, this.#horizon, LEASE_MS)
    if (this.#stopped) return
    if (!renewal) {
      await this.#register()
      return this.#renew()
    }
    this.#apply(renewal.changes.filter(({ id }) => !this.#known.has(id)))
    this.#known = new Set(renewal.changes.map(({ id }) => id))
    this.#horizon = renewal.horizon
    this.#trustedUntil = asked.monotonic + LEASE_MS - MARGIN_MS
    this.#trustedBefore = asked.wall + LEASE_MS - MARGIN_MS
    if (asked.monotonic - this.#sweptAt > SWEEP_MS) {
      this.#sweptAt = asked.monotonic
      await sweepReplicas(this.#database, SWEPT_AFTER_SECONDS)
    }
  }

  #apply(changes: readonly Change[]): void {
    if (changes.length === 0) return
    for (const change of changes) this.#memory.invalidate(change.tag)
    if (this.#unacknowledged.length === 0) setImmediate(() => this.#acknowledge())
    this.#unacknowledged.push(...changes.map((change) => change.id))
  }

  #acknowledge(): void {
    const ids = this.#unacknowledged
    this.#unacknowledged = []
    // PostgreSQL takes 8,000 bytes a notification.
    for (let start = 0; start < ids.length; start += 300) {
      const part = ids.slice(start, start + 300)
      acknowledge(this.#database, this.#environment, this.id, part).catch((error: unknown) => {
        if (!this.#stopped) this.#onError(error)
      })
    }
  }
}
