import { ApiError } from '../../schemas/errors.ts'
import type { LoggedReason } from '../../schemas/reasons.ts'

/**
 * Lets a few at a time through for each key, and the others wait their turn: so that of a burst of guesses no more than
 * those few are under way before the first failure counts.
 */
export class KeyedGate {
  readonly #width: number
  readonly #longestQueue: number
  readonly #lanes = new Map<string, { busy: number; waiting: (() => void)[] }>()

  /**
   * @param width how many are let through at once for a key
   * @param longestQueue how many may wait for a key
   */
  constructor(width: number, longestQueue: number) {
    this.#width = width
    this.#longestQueue = longestQueue
  }

  /**
   * Does the work when its turn comes.
   * @throws ApiError 429 where too many wait already
   */
  async through<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key) ?? { busy: 0, waiting: [] }
    this.#lanes.set(key, lane)
    if (lane.busy >= this.#width) {
      if (lane.waiting.length >= this.#longestQueue) throw tooMany(1, this.#longestQueue, 'too_many_waiting')
      // Who wakes the next one hands its place on: the count stays.
      await new Promise<void>((wake) => lane.waiting.push(wake))
    } else {
      lane.busy += 1
    }
    try {
      return await work()
    } finally {
      const next = lane.waiting.shift()
      if (next) next()
      else lane.busy -= 1
      if (lane.busy === 0) this.#lanes.delete(key)
    }
  }
}

/** 429 for tries that come too fast. */
export function tooMany(seconds: number, limit: number, reason: LoggedReason): ApiError {
  const wait = String(Math.max(1, Math.ceil(seconds)))
  return new ApiError('RATE_LIMITED', `Too many tries: try again in ${wait} s`, {
    reason,
    headers: {
      'retry-after': wait,
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': wait,
    },
  })
}
