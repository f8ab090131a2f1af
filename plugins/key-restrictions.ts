import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Actor } from '../operations/credentials/principals.ts'
import { ApiError } from '../schemas/errors.ts'

/**
 * Holds a key to its allow-list, and tells the holder of a key that is being replaced. The address is the
 * socket's, or what a proxy named in `TRUST_PROXY` forwarded, and no other header's.
 */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onRequest', (request, reply, done) => {
      const key = request.actor?.key
      if (!key) return done()
      const refusal = addressRefusal(request, request.actor as Actor)
      if (refusal) return done(refusal)
      if (key.retirementHeaders) reply.headers(key.retirementHeaders)
      done()
    })
  },
  { name: 'key-restrictions', dependencies: ['context'] },
)

/** Why an actor may not ask from the address of a request, or null where it may. */
export function addressRefusal(request: FastifyRequest, { key }: Actor): ApiError | null {
  if (!key?.acceptsAddress || key.acceptsAddress(request.address)) return null
  return new ApiError('FORBIDDEN', undefined, {
    reason: 'ip_not_allowed',
    details: [{ path: 'credential', message: 'is not accepted from this address' }],
  })
}
