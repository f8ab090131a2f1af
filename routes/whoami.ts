import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import type { Actor } from '../operations/credentials/principals.ts'
import { actorOf } from '../plugins/access.ts'
import { Organization, User } from '../schemas/accounts.ts'
import { Instant, Nullable } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const WhoAmI = Type.Object(
  {
    environment: Type.Enum(['sandbox', 'production']),
    organization: Organization,
    user: Nullable(User),
    credential: Type.Object({
      type: Type.Enum(['api_key', 'api_key+user', 'user', 'session', 'oauth']),
      id: Type.String(),
      prefix: Type.String(),
      name: Nullable(Type.String()),
      scopes: Type.Array(Type.String()),
      expiresAt: Nullable(Instant()),
    }),
  },
  { title: 'WhoAmI' },
)

/** Who am I: the first question of every integrator. */
export async function whoamiRoutes(app: Api): Promise<void> {
  const environment = app.config.environment.name
  // Clients ask it before anything else, and many before each job: an actor's answer is written once. What changes of
  // an organization, a user or a credential makes a new actor.
  const written = new WeakMap<Actor, string>()
  const write = (actor: Actor, reply: FastifyReply): string => {
    const { type, organization, user, credential, scopes } = actor
    const answer = { environment, organization, user, credential: { type, ...credential, scopes } }
    const text = String(reply.serialize(answer))
    written.set(actor, text)
    return text
  }
  app.get(
    '/whoami',
    {
      config: { access: 'authenticated', beforeSecondFactor: true },
      schema: {
        tags: ['Who am I'],
        operationId: 'whoami',
        summary: 'Who the credentials of this request stand for',
        response: answers({ 200: WhoAmI }, 400, 401, 403, 429),
      },
    },
    (request, reply: FastifyReply) => {
      const actor = actorOf(request)
      reply.type('application/json; charset=utf-8').send(written.get(actor) ?? write(actor, reply))
    },
  )
}
