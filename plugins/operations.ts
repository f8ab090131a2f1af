import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Origin } from '../operations/core/operation.ts'
import { type Caller, Runner } from '../operations/core/runner.ts'
import { badRequest } from '../schemas/errors.ts'
import { actorOf } from './access.ts'

const LONGEST_KEY = 255

declare module 'fastify' {
  interface FastifyInstance {
    /** Runs operations. */
    runner: Runner
  }
}

/** The runner of this process: it finds what operations use among the server's decorators. */
export default fp(
  async (app: FastifyInstance) => {
    app.decorate('runner', new Runner(app))
  },
  { name: 'operations', dependencies: ['database', 'verifier', 'encryption-key', 'session-cookie'] },
)

/** Where a request comes from. */
export function originOf(request: FastifyRequest): Origin {
  return {
    ip: request.address,
    userAgent: request.headers['user-agent'] ?? null,
    requestId: request.id,
    // Few operations ask for it, and cookies take time to parse.
    get device() {
      return request.server.cookies.read(request, 'device')
    },
  }
}

/** Who makes a request, for the runner. @throws ApiError 400 for an Idempotency-Key that is too long */
export function callerOf(request: FastifyRequest, reply: FastifyReply): Caller {
  return {
    actor: actorOf(request),
    origin: originOf(request),
    idempotencyKey: request.method === 'POST' ? readIdempotencyKey(request) : null,
    waited: request.body != null,
    revalidate: (forget) => request.server.revalidate(request, reply, forget),
  }
}

/** The `Idempotency-Key` of a request, or null. @throws ApiError 400 for one that is too long */
export function readIdempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key === 'string' && key.length > 0 && key.length <= LONGEST_KEY) return key
  throw badRequest('headers.idempotency-key', `must have 1 to ${LONGEST_KEY} characters`)
}
