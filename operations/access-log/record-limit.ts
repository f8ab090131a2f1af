import { LRUCache } from 'lru-cache'

const WINDOW_MS = 60_000
const SOURCES = 10_000

interface Window {
  readonly endsAt: number
  count: number
}

/**
 * Counts refused requests by their source: a client network, an organization, or both. Past a limit they are counted
 * and not recorded one by one, so that a flood of them does not fill the access log.
 */
export class RecordLimit {
  readonly #limit: number
  // The least recently seen source gives way: a flood from many sources costs no more memory than this.
  readonly #windows = new LRUCache<string, Window>({ max: SOURCES })
  #unrecorded = 0

  /** @param limit requests of one source that are recorded in a minute */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many requests were counted and not recorded since the start. */
  get unrecorded(): number {
    return this.#unrecorded
  }

  /**
   * Counts one request.
   * @param now milliseconds, of a clock that never goes back
   * @returns whether it is recorded
   */
  count(source: string, now = performance.now()): boolean {
    const known = this.#windows.get(source)
    const window = known && known.endsAt > now ? known : { endsAt: now + WINDOW_MS, count: 0 }
    if (window !== known) this.#windows.set(source, window)
    window.count += 1
    if (window.count <= this.#limit) return true
    this.#unrecorded += 1
    return false
  }

  /** How long a source that is past the limit has to wait, in seconds; 0 for one that is not. */
  waitSeconds(source: string, now = performance.now()): number {
    const window = this.#windows.get(source)
    if (!window || window.count < this.#limit || window.endsAt <= now) return 0
    return Math.ceil((window.endsAt - now) / 1000)
  }
}
