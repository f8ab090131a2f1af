import { LRUCache } from 'lru-cache'

const WINDOW_MS = 60_000
const NETWORKS = 10_000

interface Window {
  readonly endsAt: number
  count: number
}

/**
 * Counts the requests of each client network that belong to no organization: without a credential, or with one that
 * nobody was ever given. Past a limit they are counted and not recorded one by one, so that a flood of them does not
 * fill the access log.
 */
export class Strangers {
  readonly #limit: number
  // The least recently seen network gives way: a flood from many networks costs no more memory than this.
  readonly #windows = new LRUCache<string, Window>({ max: NETWORKS })
  #unrecorded = 0

  /** @param limit requests of one network that are recorded in a minute */
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
  count(network: string, now = performance.now()): boolean {
    const known = this.#windows.get(network)
    const window = known && known.endsAt > now ? known : { endsAt: now + WINDOW_MS, count: 0 }
    if (window !== known) this.#windows.set(network, window)
    window.count += 1
    if (window.count <= this.#limit) return true
    this.#unrecorded += 1
    return false
  }

  /** How long a network that is past the limit has to wait, in seconds; 0 for one that is not. */
  waitSeconds(network: string, now = performance.now()): number {
    const window = this.#windows.get(network)
    if (!window || window.count < this.#limit || window.endsAt <= now) return 0
    return Math.ceil((window.endsAt - now) / 1000)
  }
}
