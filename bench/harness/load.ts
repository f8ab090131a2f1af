import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Requests to send. They go to the loopback alone, and are bounded by a time or a number. */
export interface Load {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** Asked for in turn. */
  readonly paths: readonly string[]
  /** One set of headers a connection, in turn. */
  readonly headers: readonly Readonly<Record<string, string>>[]
  readonly connections: number
  readonly until: { readonly seconds: number } | { readonly requests: number }
}

/** What came back. */
export interface LoadResult {
  /** Answered with 2xx. */
  readonly requests: number
  readonly seconds: number
  /** Answered with another status. */
  readonly refused: number
  /** Every status that came. */
  readonly statuses: readonly string[]
  /** Not answered: broken connections and time-outs. */
  readonly errors: number
  /** Mean size of a response on the wire, headers included. */
  readonly bytesEach: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** The process that sends the requests. */
export interface LoadGenerator {
  /**
   * Sends the load and resolves when its time or number is over.
   * @throws Error when a response was not 2xx or missing, or the URL is not on the loopback
   */
  run(load: Load): Promise<LoadResult>
  stop(): Promise<void>
}

/** Starts the load generator. One load runs at a time. */
export function startLoadGenerator(): LoadGenerator {
  const child = fork(new URL('./load-process.ts', import.meta.url), { stdio: 'inherit' })
  const ended = once(child, 'exit')
  const died = ended.then(([code]) => ({ error: `the load generator ended with ${code}` }))
  return {
    async run(load) {
      if (new URL(load.url).hostname !== '127.0.0.1') throw new Error(`${load.url} is not on the loopback`)
      child.send(load)
      const answered = once(child, 'message').then(
        ([message]) => message as { result: LoadResult } | { error: string },
      )
      const message = await Promise.race([answered, died])
      if ('error' in message) throw new Error(message.error)
      const { requests, refused, errors, statuses } = message.result
      if (refused > 0 || errors > 0 || requests === 0) {
        throw new Error(
          `${load.url}${load.paths[0]}: ${requests} answers of 2xx, ${refused} of another status, ${errors} missing (${statuses.join(', ')})`,
        )
      }
      return message.result
    },
    async stop() {
      child.disconnect()
      await ended
    },
  }
}
