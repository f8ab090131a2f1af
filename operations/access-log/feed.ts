import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../../db/connect.ts'
import { type AccessRecord, listLatestRecords } from '../../db/queries/access-log.ts'

const LOOK_MS = 1000
/** A record has the time at which its request began, and is written when that was answered: so far back one looks. */
const WINDOW_MS = 30_000
/** Of each organization, newest first, at each look. */
const AT_ONCE = 200
/** What a follower who is slow to take it may leave lying; older ones are dropped. */
const MOST_WAITING = 1000

/**
 * The access log as it is written, by whichever process. However many follow it, one query a second looks for all of
 * them, one more for those who join at once, and none while nobody does. What is told is what a person can follow: the
 * newest 200 records a second, and of requests that took longer than 30 seconds none; the list has all.
 */
export class LogFeed {
  readonly #database: Database
  readonly #onError: (error: unknown) => void
  readonly #watched = new Map<string, Watched>()
  /** Organizations that the next look is to be at. */
  readonly #wanted = new Set<string>()
  #next: Promise<void> | null = null
  #last: Promise<void> = Promise.resolve()
  #looking: Promise<void> | null = null

  /** @param onError told of looks that failed; the next one may not */
  constructor(database: Database, onError: (error: unknown) => void) {
    this.#database = database
    this.#onError = onError
  }

  /** Follows an organization's log: what is written from when this resolves on. It has to `leave` in the end. */
  async join(organizationId: string): Promise<Follower> {
    let watched = this.#watched.get(organizationId)
    if (!watched) {
      watched = { seen: new Set(), followers: new Set() }
      this.#watched.set(organizationId, watched)
    }
    const { followers } = watched
    const follower = new Follower(() => {
      followers.delete(follower)
      if (followers.size === 0) this.#watched.delete(organizationId)
    })
    followers.add(follower)
    // What was there before is known by a look that begins after this, and not told.
    await this.#look([organizationId])
    follower.forget()
    this.#looking ??= this.#lookOn()
    return follower
  }

  async #lookOn(): Promise<void> {
    do {
      await wait(LOOK_MS, null, { ref: false })
      await this.#look(this.#watched.keys())
    } while (this.#watched.size > 0)
    this.#looking = null
  }

  // One look at a time, or one that ends late would tell anew what a later one has told. Whoever wants one while another
  // is under way shares the next.
  #look(organizationIds: Iterable<string>): Promise<void> {
    for (const id of organizationIds) this.#wanted.add(id)
    if (!this.#next) {
      this.#next = this.#last.then(() => {
        const wanted = [...this.#wanted]
        this.#wanted.clear()
        this.#next = null
        return this.#lookAt(wanted)
      })
      this.#last = this.#next
    }
    return this.#next
  }

  async #lookAt(organizationIds: readonly string[]): Promise<void> {
    if (organizationIds.length === 0) return
    try {
      const since = Date.now() - WINDOW_MS
      const records = await listLatestRecords(this.#database, organizationIds, since, AT_ONCE)
      for (const id of organizationIds) this.#tell(id, records)
    } catch (error) {
      this.#onError(error)
    }
  }

  #tell(organizationId: string, records: readonly AccessRecord[]): void {
    const watched = this.#watched.get(organizationId)
    if (!watched) return
    const own = records.filter((record) => record.organizationId === organizationId)
    const fresh = own.filter(({ id }) => !watched.seen.has(id))
    // What has left the window is found no more, and need not be remembered; what is cut off may come back into sight.
    const last = own.at(-1)?.id ?? ''
    const kept = own.length < AT_ONCE ? [] : [...watched.seen].filter((id) => id < last).slice(-AT_ONCE)
    watched.seen = new Set([...kept, ...own.map(({ id }) => id)])
    if (fresh.length > 0) for (const follower of watched.followers) follower.tell(fresh)
  }
}

interface Watched {
  seen: Set<string>
  readonly followers: Set<Follower>
}

/** Somebody who follows an organization's log. */
export class Follower {
  readonly leave: () => void
  #waiting: AccessRecord[] = []
  #wake: () => void = () => {}

  constructor(leave: () => void) {
    this.leave = leave
  }

  /** @param records newest first */
  tell(records: readonly AccessRecord[]): void {
    this.#waiting = [...this.#waiting, ...records.toReversed()].slice(-MOST_WAITING)
    this.#wake()
  }

  /** Drops what was told and not taken. */
  forget(): void {
    this.#waiting = []
  }

  /** Yields records, oldest first, until the signal is aborted. */
  async *records(signal: AbortSignal): AsyncGenerator<AccessRecord> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!signal.aborted) {
      const told = this.#waiting
      this.#waiting = []
      for (const record of told) yield record
      if (signal.aborted || this.#waiting.length > 0) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
