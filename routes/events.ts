import Type from 'typebox'
import { listEvents } from '../db/queries/events.ts'
import { actorOf } from '../plugins/access.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { Event, EventTypeSchema } from '../schemas/events.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

/** What happened in the organization. */
export async function eventRoutes(app: Api): Promise<void> {
  app.get(
    '/events',
    {
      config: { access: 'webhooks:read' },
      schema: {
        tags: ['Events'],
        operationId: 'listEvents',
        summary: 'List what happened in the last 30 days, newest first',
        querystring: Strict({ ...pageQuery, type: Type.Optional(EventTypeSchema) }),
        response: answers({ 200: Page('events', Event) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const page = readPage(request.query)
      const { id } = actorOf(request).organization
      const rows = await app.tenancy.read(id, (tx) => listEvents(tx, id, page, request.query.type ?? null))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { events: items, nextCursor }
    },
  )
}
