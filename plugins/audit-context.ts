import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AuditContext } from '../operations/audit/audit.ts'
import { AuditKey } from '../operations/audit/key.ts'
import { actorOf } from './access.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Authenticates the ends of audit chains. */
    auditKey: AuditKey
  }
}

export default fp(
  async (app: FastifyInstance) => {
    app.decorate('auditKey', new AuditKey(app.encryptionKey))
  },
  { name: 'audit-context', dependencies: ['encryption-key'] },
)

/** Who acts and from where, of a request that has an actor. */
export function auditContextOf(request: FastifyRequest): AuditContext {
  const actor = actorOf(request)
  if (actor.type === 'interview') throw new Error('what candidates do is no matter of the audit log')
  return {
    ...originOf(request),
    organizationId: actor.organization.id,
    actorType: actor.type,
    userId: actor.user?.id ?? null,
    credentialId: actor.credential.id,
  }
}

function originOf(request: FastifyRequest): Pick<AuditContext, 'ip' | 'userAgent' | 'requestId' | 'key'> {
  const { address: ip, id: requestId, server, headers } = request
  return { ip, requestId, userAgent: headers['user-agent'] ?? null, key: server.auditKey }
}
