import Type from 'typebox'
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
  app.get(
    '/whoami',
    {
      config: { access: 'authenticated', beforeSecondFactor: true },
      schema: {
        tags: ['Who am I'],
        operationId: 'whoami',
        summary: 'Who the credentials of this request stand for',
        response: answers({ 200: WhoAmI }, 400, 401, 429),
      },
    },
    (request, reply) => {
      const { type, organization, user, credential, scopes } = actorOf(request)
      reply.send({
        environment,
        organization,
        user,
        // An interview session does not come this far.
        credential: { type: type as Exclude<typeof type, 'interview'>, ...credential, scopes: [...scopes] },
      })
    },
  )
}
