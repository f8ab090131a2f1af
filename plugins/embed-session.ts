import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { requireOrigin } from './embed-cors.ts'

/** Holds requests of interview sessions to the origins of their organization. */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onRequest', async (request, reply) => {
      if (request.actor) await requireOrigin(app, request, reply, request.actor.organization.id)
    })
  },
  { name: 'embed-session', dependencies: ['access'] },
)
