import type { Environment } from '../../config/environment.ts'
import type { Database } from '../../db/connect.ts'
import { listenToEvents } from '../../db/event-signal.ts'
import {
  type EventRow,
  findStreamPosition,
  listEventsAfter,
  type StreamPosition,
} from '../../db/queries/events.ts'
import type { Tenancy } from '../../db/tenant.ts'
import { badRequest } from '../../schemas/errors.ts'

const READ_AT_ONCE = 100
/** What was told of may be hidden for a moment by a transaction that began earlier and still runs. */
const EAGER_MS = 50
const EAGER_LOOKS = 10
const LOOK_MS = 1000

/**
 * The events of organizations as they happen, in the order of their transactions, from any place on: none is passed
 * over, however long the transaction took that it came with. Listens while somebody reads, and not otherwise.
 */
export class EventFeed {
  readonly #database: Database
  readonly #tenancy: Tenancy
  readonly #environment: Environment
  readonly #bells = new Map<string, Set<Bell>>()
  #readers = 0
  #listening: Promise<() => Promise<void>> | null = null

  constructor(database: Database, tenancy: Tenancy, environment: Environment) {
    this.#database = database
    this.#tenancy = tenancy
    this.#environment = environment
  }

  /**
   * Where to read on.
   * @param lastEventId null: from now on
   * @throws ApiError 400 for what is no event of the organization's last 30 days
   */
  async positionAfter(organizationId: string, lastEventId: string | null): Promise<StreamPosition> {
    const [position] = await this.#tenancy.read(organizationId, (tx) =>
      findStreamPosition(tx, organizationId, lastEventId),
    )
    if (!position) throw badRequest('headers.last-event-id', 'is no event of the last 30 days')
    return position
  }

  /** Yields events until the signal is aborted. */
  async *read(
    organizationId: string,
    from: StreamPosition,
    type: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<EventRow> {
    const bell = new Bell()
    const ring = () => bell.ring()
    const bells = this.#bells.get(organizationId) ?? new Set()
    this.#bells.set(organizationId, bells.add(bell))
    signal.addEventListener('abort', ring)
    await this.#open()
    try {
      let position = from
      let eagerLooks = 0
      while (!signal.aborted) {
        const rows = await this.#tenancy.read(organizationId, (tx) =>
          listEventsAfter(tx, organizationId, position, type, READ_AT_ONCE),
        )
        for (const row of rows) {
          if (signal.aborted) return
          yield row
          position = { ...position, transactionId: row.transactionId, id: row.id }
        }
        if (rows.length === READ_AT_ONCE) continue
        eagerLooks = rows.length > 0 ? 0 : Math.max(0, eagerLooks - 1)
        if (await bell.wait(eagerLooks > 0 ? EAGER_MS : LOOK_MS)) eagerLooks = EAGER_LOOKS
      }
    } finally {
      signal.removeEventListener('abort', ring)
      bells.delete(bell)
      if (bells.size === 0) this.#bells.delete(organizationId)
      await this.#close()
    }
  }

  async #open(): Promise<void> {
    this.#readers += 1
    this.#listening ??= listenToEvents(this.#database, this.#environment, (id) => {
      for (const [organizationId, bells] of this.#bells) {
        if (id === null || id === organizationId) for (const bell of bells) bell.ring()
      }
    })
    await this.#listening.catch(() => {
      this.#listening = null
    })
  }

  async #close(): Promise<void> {
    this.#readers -= 1
    if (this.#readers > 0 || !this.#listening) return
    const unlisten = await this.#listening.catch(() => null)
    if (this.#readers > 0) return
    this.#listening = null
    await unlisten?.().catch(() => {})
  }
}

/** Rings once for all that happened since it was waited for last. */
class Bell {
  #rung = false
  #wake: () => void = () => {}

  ring(): void {
    this.#rung = true
    this.#wake()
  }

  /** @returns whether it rang within the time */
  async wait(ms: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}
