import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { poolUse } from '../db/connect.ts'
import type { PoolUse } from '../db/pool-options.ts'
import { measureBacklog } from '../operations/metrics/backlog.ts'
import { metricsEndpoint } from '../operations/metrics/endpoint.ts'
import { measureProcess, QUICK } from '../operations/metrics/process.ts'

/**
 * Prometheus metrics at `GET /metrics` of a port of their own, which is for the operator's network: never on the
 * port that callers reach. Labels are routes, not URLs, and words of the code: no caller can make new series.
 */
export default fp<{ port: number; host: string }>(
  async (app: FastifyInstance, { port, host }) => {
    const registry = new Registry()
    const stopMeasuring = measureProcess(registry)
    measureRequests(app, registry)
    measureCredentials(app, registry)
    measureAccessLog(app, registry)
    measurePools(app, registry)
    measureBacklog(registry, app.database, app.config.environment)

    const endpoint = metricsEndpoint(registry)
    app.decorate('metricsPort', endpoint.port)
    // Not when the API listens: nobody waits for those hooks, and a port that is taken would stop nothing.
    app.addHook('onReady', () => endpoint.listen(port, host))
    app.addHook('onClose', async () => {
      stopMeasuring()
      await endpoint.close()
    })
  },
  { name: 'metrics', dependencies: ['verifier', 'access-log', 'event-streams'] },
)

declare module 'fastify' {
  interface FastifyInstance {
    /** The port that metrics are served on, once the server is ready. */
    metricsPort?: () => number | null
  }
}

function measureRequests(app: FastifyInstance, registry: Registry): void {
  const registers = [registry]
  const duration = new Histogram({
    name: 'anteroom_http_request_duration_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: QUICK,
    registers,
  })
  const authentications = new Counter({
    name: 'anteroom_authentications_total',
    help: 'Requests that presented a credential or a password, by what let them in, or by the reason of the refusal',
    labelNames: ['outcome', 'credential', 'reason'],
    registers,
  })
  const limited = new Counter({
    name: 'anteroom_limited_total',
    help: 'Requests that were answered with 429, by the reason',
    labelNames: ['reason'],
    registers,
  })
  gauge(registry, 'anteroom_event_streams', 'Answers that stream events or log records now', () =>
    app.openStreams(),
  )
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const status = reply.raw.statusCode
    duration.observe({ method: request.method, route, status }, reply.elapsedTime / 1000)
    const reason = wordOf(request.refusalReason)
    if (request.refusal || status === 401) {
      const why = request.refusal?.reason ?? reason
      authentications.inc({ outcome: 'refused', credential: '', reason: why })
    } else if (request.actor) {
      authentications.inc({ outcome: 'accepted', credential: request.actor.type, reason: '' })
    }
    if (status === 429) limited.inc({ reason })
    done()
  })
}

/** Without what a reason is about: that may be anything. */
function wordOf(reason: FastifyRequest['refusalReason']): string {
  return reason?.split(':', 1)[0] ?? 'none'
}

function measureCredentials(app: FastifyInstance, registry: Registry): void {
  new Counter({
    name: 'anteroom_credential_lookups_total',
    help: 'Presented credentials, by whether the cache answered or the database was asked',
    labelNames: ['result'],
    registers: [registry],
    collect() {
      const { cached, lookedUp } = app.verifier.counts
      this.reset()
      this.inc({ result: 'cached' }, cached)
      this.inc({ result: 'database' }, lookedUp)
    },
  })
  gauge(
    registry,
    'anteroom_lease_held',
    'Whether this process may answer from memory (1) or asks the database each time (0)',
    () => (app.changes.trusted() ? 1 : 0),
  )
  gauge(
    registry,
    'anteroom_lease_remaining_seconds',
    'For how long this process may still answer from memory',
    () => app.changes.leaseMs / 1000,
  )
}

function measureAccessLog(app: FastifyInstance, registry: Registry): void {
  const { accessLog, refusals, strangers } = app
  gauge(
    registry,
    'anteroom_unrecorded_requests',
    'Refused requests that were counted and got no row in the access log, since the start',
    () => strangers.unrecorded + refusals.ofNetwork.unrecorded + refusals.ofOrganization.unrecorded,
  )
  gauge(
    registry,
    'anteroom_access_log_waiting_bytes',
    'Bytes of records that are in the spool and not in the database',
    () => accessLog.waitingBytes,
  )
  gauge(
    registry,
    'anteroom_access_log_lag_seconds',
    'For how long the oldest record has waited for the database',
    () => accessLog.lagMs / 1000,
  )
  gauge(
    registry,
    'anteroom_access_log_full',
    'Whether no more records can be kept, so that requests are refused (1)',
    () => (accessLog.full ? 1 : 0),
  )
}

function measurePools(app: FastifyInstance, registry: Registry): void {
  const pools = (): [string, PoolUse | undefined][] => [
    ['tenant_read', app.tenancy.use.reads],
    ['tenant_write', app.tenancy.use.writes],
    ['system', poolUse(app.database)],
    ['direct', poolUse(app.directDatabase)],
  ]
  const collectEach = (metric: Counter | Gauge, read: (use: PoolUse) => number) => {
    metric.reset()
    for (const [pool, use] of pools()) if (use) metric.inc({ pool }, read(use))
  }
  const add = (
    name: string,
    help: string,
    read: (use: PoolUse) => number,
    Kind: typeof Gauge | typeof Counter,
  ) =>
    new Kind({
      name,
      help,
      labelNames: ['pool'],
      registers: [registry],
      collect() {
        collectEach(this as Counter | Gauge, read)
      },
    })
  add('anteroom_pool_connections_max', 'Connections that a pool may have', (use) => use.most, Gauge)
  add('anteroom_pool_connections', 'Open connections of a pool', (use) => use.open, Gauge)
  add('anteroom_pool_connections_busy', 'Connections that are at work', (use) => use.busy, Gauge)
  add('anteroom_pool_waiting', 'Work that waits for a connection', (use) => use.waiting, Gauge)
  add('anteroom_pool_waits_total', 'Work that has waited for a connection', (use) => use.waits, Counter)
  add(
    'anteroom_pool_wait_seconds_total',
    'Time for which work has waited for a connection, in all',
    (use) => use.waitedMs / 1000,
    Counter,
  )
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}
