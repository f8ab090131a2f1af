import type { FastifyInstance, FastifyRequest } from 'fastify'
import { auditContextOf } from '../plugins/audit-context.ts'
import type { Notice } from '../services/accounts/security-notice.ts'

/** Whom a change to the caller's own account is told to, and in whose name it is written down. */
export function noticeOf(app: FastifyInstance, request: FastifyRequest): Notice {
  const context = auditContextOf(request)
  return {
    mailer: app.mailer,
    publicUrl: app.publicUrl(),
    contextOf: (organizationId) => ({ ...context, organizationId }),
  }
}
