import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../schemas/errors.ts'
import { actorOf } from './access.ts'
import { STANDING_MS, stillStands } from './standing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Answers with server-sent events (WHATWG HTML, 9.2) until the caller goes, its credential does not let it in any
     * more, or the server stops. It is up to the route to end with `end()` for reasons of its own.
     * @throws ApiError 429 where the organization has too many of them
     */
    openEventStream(request: FastifyRequest, reply: FastifyReply): EventStream
    /** How many streams are open in this process. */
    openStreams(): number
  }
}

/** One event: `data` goes out as JSON; an id is what the client comes back with in Last-Event-ID. */
export interface StreamedEvent {
  readonly id?: string
  readonly event?: string
  readonly data: unknown
}

/** How many streams an organization may have open in one process. */
export const STREAMS_PER_ORGANIZATION = 20
/** So often something goes over the wire: proxies cut connections that are silent. */
const HEARTBEAT_MS = 15_000
/** After which time the client comes back when the connection was lost. */
const RETRY_MS = 2000

/** An answer that goes on. */
class EventStream {
  readonly #raw: ServerResponse
  readonly #ended = new AbortController()

  constructor(raw: ServerResponse) {
    this.#raw = raw
    raw.once('close', () => this.#ended.abort())
    this.#raw.write(`retry: ${RETRY_MS}\n\n`)
  }

  /** Aborted when the stream has ended, for whatever reason. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** Sends an event, and waits while the caller is slow to take it. */
  async send({ id, event, data }: StreamedEvent): Promise<void> {
    const lines = [id && `id: ${id}`, event && `event: ${event}`, `data: ${JSON.stringify(data)}`]
    await this.#write(`${lines.filter(Boolean).join('\n')}\n\n`)
  }

  /** Sends a comment, which clients pass over. */
  async beat(): Promise<void> {
    if (!this.#raw.writableNeedDrain) await this.#write(':\n\n')
  }

  /** Ends the answer. */
  end(): void {
    this.#ended.abort()
    this.#raw.end()
  }

  async #write(text: string): Promise<void> {
    if (this.signal.aborted || this.#raw.write(text)) return
    await once(this.#raw, 'drain', { signal: this.signal }).catch(() => {})
  }
}

/** Long-lived answers, bounded, recorded in the access log when they end, and no longer-lived than their credential. */
export default fp(
  async (app: FastifyInstance) => {
    const open = new Map<string, Set<EventStream>>()

    app.decorate('openEventStream', (request: FastifyRequest, reply: FastifyReply) => {
      const { id } = actorOf(request).organization
      const streams = open.get(id) ?? new Set()
      if (streams.size >= STREAMS_PER_ORGANIZATION) {
        throw new ApiError(
          'RATE_LIMITED',
          `At most ${STREAMS_PER_ORGANIZATION} streams may be open at once`,
          {
            reason: 'too_many_streams',
            headers: { 'retry-after': '5' },
          },
        )
      }
      reply.hijack()
      app.recordHijacked(request, reply)
      reply.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        // The connection ends with the answer: a server that stops does not wait for what is idle on it.
        connection: 'close',
      })
      const stream = new EventStream(reply.raw)
      // Who left while the answer was being made ready: no event of the connection will tell of it any more.
      if (reply.raw.destroyed) {
        stream.end()
        return stream
      }
      open.set(id, streams.add(stream))
      stream.signal.addEventListener('abort', () => {
        streams.delete(stream)
        if (streams.size === 0) open.delete(id)
      })
      void watch(request, reply, stream)
      return stream
    })

    app.decorate('openStreams', () => {
      let count = 0
      for (const streams of open.values()) count += streams.size
      return count
    })

    // An open answer would keep the server from closing.
    app.addHook('preClose', async () => {
      for (const streams of open.values()) for (const stream of streams) stream.end()
    })
  },
  { name: 'event-streams', dependencies: ['access-log', 'verifier', 'session-cookie'] },
)

async function watch(request: FastifyRequest, reply: FastifyReply, stream: EventStream): Promise<void> {
  const { signal } = stream
  let beatAt = performance.now() + HEARTBEAT_MS
  while (!signal.aborted) {
    await delay(STANDING_MS, null, { signal }).catch(() => {})
    const stands = await stillStands(request, reply)
    if (!stands) return stream.end()
    if (performance.now() < beatAt) continue
    beatAt = performance.now() + HEARTBEAT_MS
    void stream.beat()
  }
}
