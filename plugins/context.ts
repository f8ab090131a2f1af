import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { tagsOf } from '../operations/core/standing.ts'
import type { ActingOrganization, ActingUser, Actor } from '../operations/credentials/principals.ts'
import type { CredentialVerifier, Refusal } from '../operations/credentials/verifier.ts'
import { refusalOfRequest } from './access.ts'
import { ActorResolver, present } from './actor-resolver.ts'
import { addressRefusal } from './key-restrictions.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Checks again whether what a request presented lets it in: for a request whose body took a while to arrive, and
     * for a write that found its credential changed.
     * @param forget drops what is cached of the credential first
     * @throws ApiError what a new request with this credential would get
     */
    revalidate(request: FastifyRequest, reply: FastifyReply, forget: boolean): Promise<Actor>
  }
  interface FastifyRequest {
    /** Who is asking; null on public routes and for who was refused. */
    actor: Actor | null
    organization: ActingOrganization | null
    user: ActingUser | null
    /** What a refusal could be tied to, for the access log. */
    refusal: Refusal | null
    /** SHA-256 of the API key that was presented, for the access log. */
    keyFingerprint: string | null
  }
}

/**
 * Reads who is asking, once: the two headers become one actor, or the request ends here. What the process has
 * verified before costs a SHA-256 and a map look-up.
 */
export default fp<{ verifier: CredentialVerifier }>(
  async (app: FastifyInstance, { verifier }) => {
    app.decorateRequest('actor', null)
    app.decorateRequest('organization', null)
    app.decorateRequest('user', null)
    app.decorateRequest('refusal', null)
    app.decorateRequest('keyFingerprint', null)
    const resolver = new ActorResolver(app, verifier)
    app.decorate('revalidate', async (request, reply, forget) => {
      const before = request.actor as Actor
      if (forget) for (const tag of tagsOf(before)) verifier.invalidate(tag)
      const presented = present(app, request)
      if (!resolver.remembered(request, presented)) await resolver.resolve(request, reply, presented)
      const actor = request.actor as Actor
      const refusal = addressRefusal(request, actor) ?? refusalOfRequest(request, actor)
      if (refusal) throw refusal
      if (actor.organization.id !== before.organization.id) throw new Error('a credential changed its tenant')
      return actor
    })
    app.addHook('onRequest', (request, reply, done) => {
      const { access } = request.routeOptions.config
      request.neededAccess = access ?? null
      if (access === 'public') return done()
      try {
        const presented = present(app, request)
        if (resolver.remembered(request, presented)) return done()
        resolver.resolve(request, reply, presented).then(() => done(), done)
      } catch (error) {
        done(error as Error)
      }
    })
  },
  { name: 'context', dependencies: ['limits', 'access-log', 'accounts'] },
)
