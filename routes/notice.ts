import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Notice } from '../operations/accounts/security-notice.ts'
import { auditContextOf } from '../plugins/audit-context.ts'

/** Whom a change to the caller's own account is told to, and in whose name it is written down. */
export function noticeOf(app: FastifyInstance, request: FastifyRequest): Notice {
  const context = auditContextOf(request)
  return {
    mailer: app.mailer,
    publicUrl: app.publicUrl(),
    contextOf: (organizationId) => ({ ...context, organizationId }),
  }
}
