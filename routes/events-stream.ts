import Type from 'typebox'
import { EventFeed } from '../operations/events/feed.ts'
import { presentEvent } from '../operations/events/present.ts'
import { actorOf } from '../plugins/access.ts'
import { badRequest } from '../schemas/errors.ts'
import { EventTypeSchema } from '../schemas/events.ts'
import { Id } from '../schemas/ids.ts'
import { Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const query = Strict({
  type: Type.Optional(EventTypeSchema),
  lastEventId: Type.Optional(Id('evt')),
})

const stream = {
  description: 'Server-sent events: `id`, the type as `event`, and the event itself as `data`',
  content: { 'text/event-stream': { schema: Type.String() } },
}

/** What happens in the organization, as it happens. */
export async function eventStreamRoutes(app: Api): Promise<void> {
  const feed = new EventFeed(app.directDatabase, app.tenancy, app.config.environment)

  app.get(
    '/events/stream',
    {
      config: { access: 'webhooks:read' },
      exposeHeadRoute: false,
      schema: {
        tags: ['Events'],
        operationId: 'streamEvents',
        summary: 'Follow what happens, from now on or from after an event on',
        description:
          'A client that comes back with `Last-Event-ID` (or `?lastEventId`) misses nothing of the last 30 days. ' +
          'The stream ends with the credential that opened it.',
        querystring: query,
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 100 })) }),
        response: { ...answers({}, 400, 401, 403, 429), 200: stream },
      },
    },
    async (request, reply) => {
      const { id } = actorOf(request).organization
      const lastEventId = request.headers['last-event-id'] || request.query.lastEventId
      if (lastEventId !== undefined && !lastEventId.startsWith('evt_')) {
        throw badRequest('headers.last-event-id', 'must be the id of an event')
      }
      const position = await feed.positionAfter(id, lastEventId ?? null)
      const open = app.openEventStream(request, reply)
      try {
        for await (const row of feed.read(id, position, request.query.type ?? null, open.signal)) {
          await open.send({ id: row.id, event: row.type, data: presentEvent(row) })
        }
      } catch (error) {
        // The client comes back by itself, and reads on where it was.
        request.log.error({ err: error, requestId: request.id }, 'event stream')
      }
      open.end()
    },
  )
}
