import { createServer } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Operation } from '../operations/core/operation.ts'
import { operationChannel } from '../operations/core/runner.ts'
import { ApiError } from '../schemas/errors.ts'

interface OperationRun {
  readonly operation: Operation
  readonly error?: unknown
  startedAt?: number
}

/**
 * Prometheus metrics at `GET /metrics` of a port of their own, which is for the operator's network: never on the
 * port that callers reach. Labels are routes, not URLs, so that nobody can make new series.
 */
export default fp<{ port: number; host: string }>(
  async (app: FastifyInstance, { port, host }) => {
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    const duration = new Histogram({
      name: 'anteroom_http_request_duration_seconds',
      help: 'Time from a request to its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [registry],
    })
    new Gauge({
      name: 'anteroom_lease_held',
      help: 'Whether this process may answer from memory (1) or asks the database each time (0)',
      registers: [registry],
      collect() {
        this.set(app.changes.trusted() ? 1 : 0)
      },
    })
    new Gauge({
      name: 'anteroom_unrecorded_requests',
      help: 'Refused requests that were counted and got no row in the access log, since the start',
      registers: [registry],
      collect() {
        const { ofNetwork, ofOrganization } = app.refusals
        this.set(app.strangers.unrecorded + ofNetwork.unrecorded + ofOrganization.unrecorded)
      },
    })
    const operations = new Histogram({
      name: 'anteroom_operation_duration_seconds',
      help: 'Time that an operation took, by its name and how it ended',
      labelNames: ['operation', 'outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [registry],
    })
    const subscribers = {
      start: (run: OperationRun) => {
        run.startedAt = performance.now()
      },
      asyncEnd: ({ operation, startedAt = 0, error }: OperationRun) => {
        const outcome = error === undefined ? 'ok' : error instanceof ApiError ? error.code : 'INTERNAL'
        operations.observe({ operation: operation.name, outcome }, (performance.now() - startedAt) / 1000)
      },
    }
    operationChannel.subscribe(subscribers as Parameters<typeof operationChannel.subscribe>[0])
    app.addHook('onClose', async () => {
      operationChannel.unsubscribe(subscribers as Parameters<typeof operationChannel.unsubscribe>[0])
    })
    app.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'unknown'
      duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
      done()
    })

    const server = createServer((request, response) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        response.writeHead(404).end()
        return
      }
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      )
    })
    app.decorate('metricsPort', () => {
      const address = server.address()
      return address && typeof address === 'object' ? address.port : null
    })
    // Not when the API listens: nobody waits for those hooks, and a port that is taken would stop nothing.
    app.addHook('onReady', () => {
      return new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(port, host, resolve)
      })
    })
    app.addHook('onClose', () => {
      return new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    })
  },
  { name: 'metrics', dependencies: ['verifier'] },
)

declare module 'fastify' {
  interface FastifyInstance {
    /** The port that metrics are served on, once the server is ready. */
    metricsPort?: () => number | null
  }
}
