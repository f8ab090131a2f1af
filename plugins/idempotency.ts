import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { encryptionKeyOf } from '../config/encryption-key.ts'
import type { TenantTransaction } from '../db/tenant.ts'
import { once } from '../operations/idempotency/once.ts'
import { badRequest } from '../schemas/errors.ts'
import { actorOf } from './access.ts'

const LONGEST_KEY = 255

declare module 'fastify' {
  interface FastifyInstance {
    /** 32 bytes that seal secrets at rest. */
    encryptionKey: Buffer
    /**
     * Answers a POST: does its work in one transaction of the caller's organization, once for an
     * `Idempotency-Key`, and replays the first response after that.
     */
    answerPost<T>(
      request: FastifyRequest,
      reply: FastifyReply,
      status: number,
      work: (tx: TenantTransaction, organizationId: string) => Promise<T>,
    ): Promise<T>
  }
}

type Work<T> = (tx: TenantTransaction, organizationId: string) => Promise<T>

export default fp(
  async (app: FastifyInstance) => {
    app.decorate('encryptionKey', encryptionKeyOf(app.config))
    app.decorate(
      'answerPost',
      async <T>(request: FastifyRequest, reply: FastifyReply, status: number, work: Work<T>): Promise<T> => {
        const actor = actorOf(request)
        const organizationId = actor.organization.id
        const key = readIdempotencyKey(request)
        reply.code(status)
        if (key === null) return app.tenancy.write(organizationId, (tx) => work(tx, organizationId))
        const { method, url: path, body } = request
        const callerId = actor.user?.id ?? actor.credential.id
        const idempotent = { organizationId, callerId, key, method, path, body }
        const answer = await once(app.tenancy, app.encryptionKey, idempotent, async (tx) => ({
          status,
          body: await work(tx, organizationId),
        }))
        if (answer.replayed) reply.header('idempotent-replayed', 'true')
        reply.code(answer.status)
        return answer.body
      },
    )
  },
  { name: 'idempotency', dependencies: ['database'] },
)

/** The `Idempotency-Key` of a request, or null. @throws ApiError 400 for one that is too long */
export function readIdempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key === 'string' && key.length > 0 && key.length <= LONGEST_KEY) return key
  throw badRequest('headers.idempotency-key', `must have 1 to ${LONGEST_KEY} characters`)
}
