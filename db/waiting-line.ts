import type { Connection } from './connection.ts'
import { OverloadedDatabase } from './unavailable.ts'

/** Work that waits. */
export interface Waiter {
  /** Whether it wants a connection for itself. */
  readonly alone: boolean
  take(connection: Connection): void
  refuse(error: unknown): void
}

/** Work that waits for a connection: for a limited time, in limited number, and served in the order in which it came. */
export class WaitingLine {
  readonly #waitMs: number
  readonly #most: number
  readonly #waiters: (Waiter & { readonly since: number; readonly until: number })[] = []
  /** Since when work has waited without anybody getting a connection. */
  #standingSince: number | null = null

  /** How many have waited and for how long in all, in milliseconds, since the start. */
  readonly waited = { count: 0, totalMs: 0 }

  constructor(waitMs: number, most: number) {
    this.#waitMs = waitMs
    this.#most = most
  }

  get length(): number {
    return this.#waiters.length
  }

  /** For how long work has come here in vain, in milliseconds: also when all that waited has given up since. */
  get standingMs(): number {
    return this.#standingSince === null ? 0 : performance.now() - this.#standingSince
  }

  /** @throws OverloadedDatabase where the line is too long, at once or when the time is up */
  join(waiter: Waiter): void {
    if (this.#waiters.length >= this.#most) throw new OverloadedDatabase()
    const now = performance.now()
    this.#standingSince ??= now
    this.#waiters.push({ ...waiter, since: now, until: now + this.#waitMs })
  }

  /** Takes note that connections come back. */
  moves(): void {
    this.#standingSince = null
  }

  /** Serves the first ones, for as long as there is a connection for the next. */
  serve(connectionFor: (alone: boolean) => Connection | null): void {
    for (let waiter = this.#waiters[0]; waiter; waiter = this.#waiters[0]) {
      const connection = connectionFor(waiter.alone)
      if (!connection) return
      this.#waiters.shift()
      this.waited.count += 1
      this.waited.totalMs += performance.now() - waiter.since
      this.moves()
      waiter.take(connection)
    }
  }

  /** Refuses those whose time is up. */
  expire(now: number): void {
    while (this.#waiters[0] && this.#waiters[0].until < now)
      this.#waiters.shift()?.refuse(new OverloadedDatabase())
  }

  /** Refuses them all. */
  refuse(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.refuse(error)
    this.moves()
  }
}
