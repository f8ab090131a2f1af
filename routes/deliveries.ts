import Type from 'typebox'
import { findDelivery, listDeliveries } from '../db/queries/deliveries.ts'
import { findWebhook } from '../db/queries/webhooks.ts'
import { presentDelivery, redeliver } from '../operations/webhooks/deliveries.ts'
import { actorOf } from '../plugins/access.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { notFound } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { Delivery } from '../schemas/webhooks.ts'
import { type Api, answers } from './api.ts'

const params = Type.Object({ id: Id('dlv') })

/** What was delivered to webhooks, and what is going to be. */
export async function deliveryRoutes(app: Api): Promise<void> {
  const { tenancy } = app

  app.get(
    '/webhooks/:id/deliveries',
    {
      config: { access: 'webhooks:read' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'listDeliveries',
        summary: 'List a webhook’s deliveries, newest first',
        params: Type.Object({ id: Id('whk') }),
        querystring: Strict(pageQuery),
        response: answers({ 200: Page('deliveries', Delivery) }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const page = readPage(request.query, 'dlv')
      const organizationId = actorOf(request).organization.id
      const { id } = request.params
      const [[webhook], rows] = await Promise.all([
        tenancy.read(organizationId, (tx) => findWebhook(tx, organizationId, id)),
        tenancy.read(organizationId, (tx) => listDeliveries(tx, organizationId, id, page)),
      ])
      if (!webhook) throw notFound('Webhook')
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { deliveries: items.map(presentDelivery), nextCursor }
    },
  )

  app.get(
    '/deliveries/:id',
    {
      config: { access: 'webhooks:read' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'getDelivery',
        summary: 'One delivery',
        params,
        response: answers({ 200: Delivery }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      const [row] = await tenancy.read(id, (tx) => findDelivery(tx, id, request.params.id))
      if (!row) throw notFound('Delivery')
      return presentDelivery(row)
    },
  )

  app.post(
    '/deliveries/:id/redeliver',
    {
      config: { access: 'webhooks:write' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'redeliver',
        summary: 'Send a delivery once more, now, whatever came of it',
        params,
        response: answers({ 202: Delivery }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 202, (tx, organizationId) =>
        redeliver(tx, organizationId, request.params.id),
      ),
  )
}
