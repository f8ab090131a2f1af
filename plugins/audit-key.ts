import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AuditKey } from '../operations/audit/key.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Authenticates the ends of audit chains. */
    auditKey: AuditKey
  }
}

/** The key of the audit log. */
export default fp(
  async (app: FastifyInstance) => {
    app.decorate('auditKey', new AuditKey(app.encryptionKey))
  },
  { name: 'audit-key', dependencies: ['encryption-key'] },
)
