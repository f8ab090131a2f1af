import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Counts each request of a known caller against its organization's limit, before anything is done for it. */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onRequest', (request, reply, done) => {
      if (!request.actor) return done()
      app.limits.countRequest(request, reply, done)
    })
  },
  { name: 'organization-limit', dependencies: ['context', 'limits'] },
)
