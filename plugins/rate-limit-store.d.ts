// The library ships its stores without types of their own.
declare module '@fastify/rate-limit/store/LocalStore.js' {
  type Take = (error: null, result: { current: number; ttl: number }) => void

  export default class LocalStore {
    /** @param cache counters that are kept; the least recently used go first */
    constructor(continueExceeding: boolean, exponentialBackoff: boolean, cache: number)
    /**
     * Counts one, and tells in the same turn what is counted.
     * @param timeWindow milliseconds
     */
    incr(key: string, take: Take, timeWindow: number, max: number): void
    /** Tells what is counted, without counting. */
    read(key: string, take: Take, timeWindow: number): void
  }
}
