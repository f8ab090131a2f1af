import type { FastifyRequest } from 'fastify'
import { type KeyAuthor, keyAuthor } from '../operations/keys/rights.ts'
import { actorOf } from './access.ts'
import { auditContextOf } from './audit-context.ts'

/** Who makes or changes a key by this request, and what is theirs to give. */
export function keyAuthorOf(request: FastifyRequest): KeyAuthor {
  return keyAuthor(actorOf(request), request.server.config, auditContextOf(request))
}
