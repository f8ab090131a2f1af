import Type from 'typebox'
import { findEvent, listEvents } from '../db/queries/events.ts'
import { replayEvent } from '../operations/webhooks/deliveries.ts'
import { actorOf } from '../plugins/access.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { notFound } from '../schemas/errors.ts'
import { Event, EventTypeSchema } from '../schemas/events.ts'
import { Id } from '../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { Replayed } from '../schemas/webhooks.ts'
import { type Api, answers } from './api.ts'

const params = Type.Object({ id: Id('evt') })

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
      const page = readPage(request.query, 'evt')
      const { id } = actorOf(request).organization
      const rows = await app.tenancy.read(id, (tx) => listEvents(tx, id, page, request.query.type ?? null))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { events: items, nextCursor }
    },
  )

  app.get(
    '/events/:id',
    {
      config: { access: 'webhooks:read' },
      schema: {
        tags: ['Events'],
        operationId: 'getEvent',
        summary: 'One event',
        params,
        response: answers({ 200: Event }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      const [row] = await app.tenancy.read(id, (tx) => findEvent(tx, id, request.params.id))
      if (!row) throw notFound('Event')
      return row
    },
  )

  app.post(
    '/events/:id/replay',
    {
      config: { access: 'webhooks:write' },
      schema: {
        tags: ['Events'],
        operationId: 'replayEvent',
        summary: 'Send an event once more, to every webhook that wants it now',
        params,
        response: answers({ 202: Replayed }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 202, (tx, organizationId) =>
        replayEvent(tx, organizationId, request.params.id),
      ),
  )
}
