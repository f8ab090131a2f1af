import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { redactCredentials } from '../credentials/format.ts'
import { AccessLogWriter } from '../services/access-log/writer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accessLog: AccessLogWriter
  }
}

// Asked every few seconds by whoever keeps the process alive: no caller of ours.
const probes = new Set(['/healthz', '/readyz'])
const LONGEST_TEXT = 500

/** Hands one record a request to the access log: never a body, a query string or a credential. */
export default fp(
  async (app: FastifyInstance) => {
    const writer = new AccessLogWriter(app.database, (error) =>
      app.log.error({ err: error }, 'access log not written'),
    )
    app.decorate('accessLog', writer)
    app.addHook('onClose', () => writer.flush())
    app.addHook('onResponse', (request, reply, done) => {
      done()
      const path = pathOf(request.url)
      if (probes.has(path)) return
      const { actor, refusal } = request
      const durationMs = reply.elapsedTime
      writer.record({
        organizationId: actor?.organization.id ?? refusal?.organizationId ?? null,
        id: request.id,
        at: new Date(Date.now() - durationMs),
        method: request.method,
        path: clean(path),
        status: reply.statusCode,
        durationMs,
        ip: request.ip,
        userAgent: clean(request.headers['user-agent'] ?? null),
        credentialType: actor?.type ?? null,
        keyId: actor?.key?.keyId ?? refusal?.keyId ?? null,
        keyHash: request.keyFingerprint,
        userId: actor?.user?.id ?? null,
        reason: request.refusalReason,
      })
    })
  },
  { name: 'access-log', dependencies: ['database', 'errors'] },
)

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function clean<T extends string | null>(text: T): T {
  return (text === null ? null : redactCredentials(text.slice(0, LONGEST_TEXT)).replaceAll('\u0000', '')) as T
}
