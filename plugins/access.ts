import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Access, type AccessRule, refusalOf } from '../operations/core/access.ts'
import type { Actor } from '../operations/credentials/principals.ts'
import type { ApiError } from '../schemas/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** Also for who has yet to set up the second factor that their organization requires. */
    beforeSecondFactor?: boolean
    /** The name of the operation that the route runs; unset where it runs none. */
    operation?: string
  }
}

// The router's own answers, such as 404 below /api, declare nothing.
const UNKNOWN_ROUTE: AccessRule = { access: 'authenticated' }

/** Compares what each route declared with what the actor may. A route that declares nothing stops the start. */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onRoute', (route) => {
      if (route.config?.access === undefined) {
        throw new Error(`${String(route.method)} ${route.url} declares no access`)
      }
    })
    app.addHook('onRequest', (request, _reply, done) => {
      done(refusalOfRequest(request, request.actor as Actor) ?? undefined)
    })
  },
  { name: 'access', dependencies: ['context'] },
)

/** Why an actor may not use the route of a request, or null where it may. */
export function refusalOfRequest(request: FastifyRequest, actor: Actor): ApiError | null {
  const { config } = request.routeOptions
  return refusalOf(config.access === undefined ? UNKNOWN_ROUTE : (config as AccessRule), actor)
}

/** The actor of a request whose route needs one. */
export function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('a public route has no actor')
  return request.actor
}
