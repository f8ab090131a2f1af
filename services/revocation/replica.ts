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
  sweepReplicas,
} from '../../db/queries/replicas.ts'
import { newId } from '../../schemas/ids.ts'
import { AcknowledgementBook, type Receipt } from './receipt.ts'

/** How long a replica may answer from memory after it last read the changes, on the database's clock. */
export const LEASE_MS = 2000
const RENEW_MS = 500
const SWEEP_MS = 60_000
/** A replica that was silent for longer starts anew: what it has missed may have been swept. */
const SILENCE_MS = 600_000
const SWEPT_AFTER_SECONDS = 3600

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
  #trustedUntil = 0
  #horizon = '0'
  #renewedAt = 0
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
   * Whether the process may answer from memory. On the monotonic clock and counted from before the renewal was sent,
   * so that it ends no later than the database believes, also in a process that was stopped meanwhile.
   */
  trusted(): boolean {
    return performance.now() < this.#trustedUntil
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
    this.#trustedUntil = 0
    await this.#renewing
    await this.#unlisten?.()
    await removeReplica(this.#database, this.id).catch(this.#onError)
  }

  /**
   * Waits until no replica answers from what it remembered before these changes. Called after the commit of a
   * transaction that announced them, and before its maker is answered.
   * @returns who acknowledged when; within the length of a lease also when replicas are dead, stopped or cut off
   */
  async settle(tags: readonly string[]): Promise<Receipt> {
    const settled = performance.now()
    for (const tag of tags) this.#memory.invalidate(tag)
    const here = { id: this.id, acknowledgedAt: new Date() }
    try {
      const [changeIds, replicas] = await Promise.all([
        newestChanges(this.#database, tags),
        liveReplicas(this.#database),
      ])
      const others = replicas.filter((replica) => replica.id !== this.id)
      return await this.#book.wait(changeIds, others, here)
    } catch (error) {
      // Every lease that was given before the commit has lapsed by then, and later ones came with the change.
      this.#onError(error)
      await new Promise((resolve) => setTimeout(resolve, LEASE_MS - (performance.now() - settled)))
      return { effectiveAt: new Date(), replicas: [here] }
    }
  }

  async #register(): Promise<void> {
    this.#trustedUntil = 0
    this.#horizon = await currentHorizon(this.#database)
    this.#memory.clear()
    await registerReplica(this.#database, this.id)
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
    const asked = performance.now()
    if (this.#renewedAt > 0 && asked - this.#renewedAt > SILENCE_MS) await this.#register()
    const renewal = await renewLease(this.#database, this.id, this.#horizon, LEASE_MS)
    if (!renewal) {
      await this.#register()
      return this.#renew()
    }
    this.#horizon = renewal.horizon
    this.#apply(renewal.changes)
    this.#renewedAt = asked
    this.#trustedUntil = asked + LEASE_MS
    if (asked - this.#sweptAt > SWEEP_MS) {
      this.#sweptAt = asked
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
