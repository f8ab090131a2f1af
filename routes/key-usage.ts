import Type from 'typebox'
import { keyCallers } from '../db/queries/key-usage.ts'
import { getKey } from '../operations/keys/keys.ts'
import { recommend } from '../operations/keys/recommendation.ts'
import { readUsage } from '../operations/keys/usage.ts'
import { actorOf } from '../plugins/access.ts'
import { Id } from '../schemas/ids.ts'
import { Instant, InstantText, Nullable, Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const MOST_CALLERS = 200

const params = Type.Object({ id: Id('key') })

const Usage = Type.Object(
  {
    usage: Type.Array(
      Type.Object({
        at: Instant({ description: 'Where the hour or the day begins, UTC' }),
        requests: Type.Integer({ description: 'Requests that the key let in' }),
        failures: Type.Integer({ description: 'Requests that the key did not let in' }),
      }),
    ),
  },
  { title: 'KeyUsage' },
)

const Callers = Type.Object(
  {
    callers: Type.Array(
      Type.Object({
        ip: Type.String(),
        userAgent: Nullable(Type.String()),
        lastSeenAt: Instant(),
        count: Type.Integer(),
      }),
    ),
  },
  { title: 'KeyCallers' },
)

const Rights = Type.Object({
  scopes: Type.Array(Type.String()),
  allowedIps: Type.Array(Type.String(), { description: 'None: from everywhere' }),
})

const Recommendation = Type.Object(
  {
    days: Type.Integer({ description: 'How far back the log was looked at' }),
    requests: Type.Integer({ description: 'Successful requests that were looked at' }),
    current: Rights,
    proposal: Nullable(Rights),
    considered: Rights,
    refused: Type.Object({
      requests: Type.Integer({ description: 'How many of them the considered rights would have refused' }),
      scopes: Type.Array(Type.Object({ scope: Type.String(), requests: Type.Integer() })),
      addresses: Type.Array(Type.Object({ ip: Type.String(), requests: Type.Integer() })),
    }),
  },
  { title: 'KeyRecommendation' },
)

/** How a key is used, by whom, and what it could do without. */
export async function keyUsageRoutes(app: Api): Promise<void> {
  const { tenancy } = app

  app.get(
    '/keys/:id/usage',
    {
      config: { access: 'keys:read' },
      schema: {
        tags: ['Keys'],
        operationId: 'keyUsage',
        summary: "A key's requests and refused authentications over time, exact within a second",
        params,
        querystring: Strict({
          interval: Type.Enum(['hour', 'day'], { default: 'hour' }),
          from: Type.Optional(InstantText()),
          to: Type.Optional(InstantText()),
        }),
        response: answers({ 200: Usage }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => ({
      usage: await readUsage(tenancy, actorOf(request).organization.id, request.params.id, request.query),
    }),
  )

  app.get(
    '/keys/:id/callers',
    {
      config: { access: 'keys:read' },
      schema: {
        tags: ['Keys'],
        operationId: 'keyCallers',
        summary: 'Who still uses a key, the latest first',
        params,
        response: answers({ 200: Callers }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      await getKey(tenancy, id, request.params.id)
      const callers = await tenancy.read(id, (tx) => keyCallers(tx, id, request.params.id, MOST_CALLERS))
      return { callers: [...callers] }
    },
  )

  app.get(
    '/keys/:id/recommendation',
    {
      config: { access: 'keys:read' },
      schema: {
        tags: ['Keys'],
        operationId: 'keyRecommendation',
        summary: 'The smallest rights that a key would have needed, and what others would have refused',
        params,
        querystring: Strict({
          scopes: Type.Optional(
            Type.String({ maxLength: 1000, description: 'To be tried, parted by commas' }),
          ),
          allowedIps: Type.Optional(
            Type.String({ maxLength: 3000, description: 'To be tried, parted by commas' }),
          ),
        }),
        response: answers({ 200: Recommendation }, 400, 401, 403, 404, 429),
      },
    },
    (request) => recommend(tenancy, actorOf(request).organization.id, request.params.id, request.query),
  )
}
