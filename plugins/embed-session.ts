import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { OpenSession } from '../operations/embed/interview.ts'
import { actorOf } from './access.ts'
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

/** The interview that a request's session opens. */
export function sessionOf(request: FastifyRequest): OpenSession {
  const { organization, interviewId } = actorOf(request)
  if (!interviewId) throw new Error('this route is for interview sessions alone')
  return { organizationId: organization.id, interviewId }
}
