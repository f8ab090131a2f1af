import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * Counts each request of a known caller against its organization's limit, before anything is done for it. Candidates are
 * not counted: no crowd of them takes the organization's own requests away.
 */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onRequest', (request, reply, done) => {
      if (!request.actor || request.actor.type === 'interview') return done()
      app.limits.countRequest(request, reply, done)
    })
  },
  { name: 'organization-limit', dependencies: ['context', 'limits'] },
)
