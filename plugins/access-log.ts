import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf } from '../credentials/addresses.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { AccessLog } from '../operations/access-log/access-log.ts'
import { type RequestRecord, withoutQuery } from '../operations/access-log/record.ts'
import { RecordLimit } from '../operations/access-log/record-limit.ts'
import { whyOf } from '../operations/core/why.ts'
import { ApiError } from '../schemas/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accessLog: AccessLog
    /** The requests that belong to no organization, counted by client network. */
    strangers: RecordLimit
    /** The refused requests that belong to an organization: of each client network, and of all together. */
    refusals: { readonly ofNetwork: RecordLimit; readonly ofOrganization: RecordLimit }
    /**
     * For a reply that leaves Fastify's hands (`reply.hijack()`): its record is in the spool before the end of the
     * response is sent, or when the connection is lost. Call it before anything is written to `reply.raw`.
     */
    recordHijacked(request: FastifyRequest, reply: FastifyReply): void
  }
  interface FastifyRequest {
    /** What the request needs of its caller, for the log: what the route declares, or its parts, parted by commas. */
    neededAccess: string | null
    /** The organization that a public request turned out to be about, by what it presented in its URL. */
    concerns: string | null
    /** Whether the access log has it. */
    recorded: boolean
  }
}

// Asked every few seconds by whoever keeps the process alive: no caller of ours.
const probes = new Set(['/healthz', '/readyz'])

// Of refused requests of one network, so many are recorded for each failure that AUTH_FAILURES_PER_MINUTE allows.
const RECORDED_PER_FAILURE = 12
// All networks together get so many times the rows of one network in an organization's log.
const NETWORKS_PER_ORGANIZATION = 10

/** In characters. */
const LONG_TEXT = 2048

/** Keeps one record a request: never a body, a query string or a credential. The response waits for it. */
export default fp<{ logins: DatabaseLogins }>(
  async (app: FastifyInstance, { logins }) => {
    const { environment, dataDir } = app.config
    const log = new AccessLog({
      databaseUrl: logins.session,
      environment,
      directory: join(dataDir, 'spool', environment.name),
      onError: (error, message) => app.log.error({ why: whyOf(error) }, message),
      onRecovery: (message) => app.log.info(message),
    })
    const limit = app.config.authFailuresPerMinute * RECORDED_PER_FAILURE
    app.decorate('accessLog', log)
    app.decorate('strangers', new RecordLimit(limit))
    app.decorate('refusals', {
      ofNetwork: new RecordLimit(limit),
      ofOrganization: new RecordLimit(limit * NETWORKS_PER_ORGANIZATION),
    })
    app.decorateRequest('neededAccess', null)
    app.decorateRequest('concerns', null)
    app.decorateRequest('recorded', false)
    if (app.connects) {
      await log.start()
      app.addHook('onClose', () => log.close())
    }

    app.addHook('onRequest', (request, _reply, done) => {
      // Node remembers the address of a connection from the first time it is asked, and can't tell it after its end.
      void request.socket.remoteAddress
      if (!log.full || isProbe(request)) return done()
      request.recorded = true
      done(new ApiError('UNAVAILABLE', 'The access log cannot be written', { reason: 'access_log_full' }))
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      if (request.recorded || isProbe(request)) return done(null, payload)
      request.recorded = true
      const record = bounded(app, recordOf(request, reply, reply.statusCode))
      if (record === null) return done(null, payload)
      // A long text that waits is a tree of all the small ones it was put together from: as bytes it is one piece.
      const answer =
        typeof payload === 'string' && payload.length > LONG_TEXT ? Buffer.from(payload) : payload
      log.record(record, () => {
        try {
          done(null, answer)
        } catch (error) {
          // Nobody above an event-loop turn catches: a header that Node refuses must not end the process.
          request.log.error({ err: error, requestId: request.id }, 'response not sent')
          reply.raw.destroy()
        }
      })
    })
    // What went past onSend: a hijacked reply that nobody announced.
    app.addHook('onResponse', (request, reply, done) => {
      recordLate(app, request, reply)
      done()
    })
    app.decorate('recordHijacked', (request, reply) => {
      const { raw } = reply
      const { end } = raw
      raw.end = ((...parts: Parameters<typeof end>) => {
        recordLate(app, request, reply)
        return end.apply(raw, parts)
      }) as typeof end
      raw.once('close', () => recordLate(app, request, reply))
    })
  },
  { name: 'access-log', dependencies: ['database', 'errors'] },
)

function recordLate(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): void {
  if (request.recorded || isProbe(request)) return
  request.recorded = true
  const record = bounded(app, recordOf(request, reply, reply.raw.statusCode))
  if (record !== null) app.accessLog.recordNow(record)
}

/**
 * Bounds the rows of a flood. Requests whose credential was accepted are always recorded. Anyone can send refused ones.
 * @returns what goes to the access log; null where nothing does
 */
function bounded({ strangers, refusals }: FastifyInstance, record: RequestRecord): RequestRecord | null {
  const { organizationId, ip, failed, credentialType, status } = record
  if (organizationId === null) return strangers.count(networkOf(ip ?? 'unknown')) ? record : null
  const isRefused = failed || (credentialType === null && status >= 400)
  if (!isRefused) return record
  const isRow =
    refusals.ofNetwork.count(`${organizationId} ${networkOf(ip ?? 'unknown')}`) &&
    refusals.ofOrganization.count(organizationId)
  return isRow ? record : { ...record, countedOnly: true }
}

function isProbe(request: FastifyRequest): boolean {
  return request.url.length < 20 && probes.has(withoutQuery(request.url))
}

function recordOf(request: FastifyRequest, reply: FastifyReply, status: number): RequestRecord {
  const { actor, refusal } = request
  return {
    id: request.id,
    organizationId: actor?.organization.id ?? refusal?.organizationId ?? request.concerns,
    method: request.method,
    url: request.url,
    status,
    durationMs: reply.elapsedTime,
    ip: request.address,
    userAgent: request.headers['user-agent'],
    access: request.neededAccess ?? undefined,
    credentialType: actor?.type ?? null,
    keyId: actor?.key?.keyId ?? refusal?.keyId ?? null,
    keyHash: request.keyFingerprint,
    userId: actor?.user?.id ?? null,
    reason: request.refusalReason,
    // The allow-list is looked at once the key is known: still, its holder did not get in with it.
    failed: refusal != null || request.refusalReason === 'ip_not_allowed',
  }
}
