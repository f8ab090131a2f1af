import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
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
      if (key.acceptsAddress && !key.acceptsAddress(request.address)) {
        return done(
          new ApiError('FORBIDDEN', undefined, {
            reason: 'ip_not_allowed',
            details: [{ path: 'credential', message: 'is not accepted from this address' }],
          }),
        )
      }
      if (key.retirementHeaders) reply.headers(key.retirementHeaders)
      done()
    })
  },
  { name: 'key-restrictions', dependencies: ['context'] },
)
