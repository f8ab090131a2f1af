import { Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    drain: Drain
  }
}

/** How a server hands its clients over to others before it closes. */
interface Drain {
  /** Whether it has begun: the server serves what comes, is not ready, and closes each connection with its answer. */
  readonly underWay: boolean
  /**
   * Begins, and resolves when nobody needs the server any more: `app.close()` may follow, and waits for the requests
   * that are under way.
   * @param delaySeconds for how long new connections are still taken, so that whoever asks `/readyz` notices first
   */
  begin(delaySeconds: number): Promise<void>
}

/**
 * For how long idle connections stay open when no new ones are taken: a request may be on its way on one of them, and
 * a proxy does not send it again.
 */
const LINGER_MS = 500
const LOOK_MS = 20

/** Lets the server leave without losing a request (RFC 9112, section 9.6: `Connection: close`). */
export default fp(
  async (app: FastifyInstance) => {
    let underWay = false
    app.addHook('onRequest', (_request, reply, done) => {
      if (underWay) reply.raw.setHeader('connection', 'close')
      done()
    })
    app.decorate('drain', {
      get underWay() {
        return underWay
      },
      async begin(delaySeconds) {
        underWay = true
        await delay(delaySeconds * 1000)
        // As http.Server closes, but for its idle connections.
        Server.prototype.close.call(app.server)
        const end = performance.now() + LINGER_MS
        while (performance.now() < end && (await openConnections(app)) > 0) await delay(LOOK_MS)
      },
    })
  },
  { name: 'drain' },
)

function openConnections(app: FastifyInstance): Promise<number> {
  return new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count ?? 0)))
}
