import Type from 'typebox'
import { listWebhooks } from '../db/queries/webhooks.ts'
import { replayFailed, sendTest } from '../operations/webhooks/deliveries.ts'
import { targetRules } from '../operations/webhooks/targets.ts'
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  patchWebhook,
  presentWebhook,
  rotateSecret,
  type WebhookSettings,
} from '../operations/webhooks/webhooks.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { Id } from '../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import {
  Delivery,
  Replayed,
  ReplayFailed,
  SecretRotate,
  Webhook,
  WebhookCreate,
  WebhookPatch,
  WebhookWithSecret,
} from '../schemas/webhooks.ts'
import { type Api, answers, noContent } from './api.ts'

const params = Type.Object({ id: Id('whk') })

/** Webhook endpoints. */
export async function webhookRoutes(app: Api): Promise<void> {
  const { config, tenancy, encryptionKey } = app
  const settings: WebhookSettings = {
    environment: config.environment.name,
    rules: targetRules(config.environment.name, config.webhookAllowedTargets),
    encryptionKey,
  }

  app.post(
    '/webhooks',
    {
      config: { access: 'webhooks:write' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'createWebhook',
        summary: 'Have events delivered to a URL: the secret is shown in this answer and never again',
        body: WebhookCreate,
        response: answers({ 201: WebhookWithSecret }, 400, 401, 403, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 201, (tx) =>
        createWebhook(
          tx,
          settings,
          auditContextOf(request),
          actorOf(request).organization.plan,
          request.body,
        ),
      ),
  )

  app.get(
    '/webhooks',
    {
      config: { access: 'webhooks:read' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'listWebhooks',
        summary: 'List webhooks, newest first',
        querystring: Strict(pageQuery),
        response: answers({ 200: Page('webhooks', Webhook) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const page = readPage(request.query, 'whk')
      const { id } = actorOf(request).organization
      const rows = await tenancy.read(id, (tx) => listWebhooks(tx, id, page))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { webhooks: items.map((row) => presentWebhook(encryptionKey, row)), nextCursor }
    },
  )

  app.get(
    '/webhooks/:id',
    {
      config: { access: 'webhooks:read' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'getWebhook',
        summary: 'One webhook',
        params,
        response: answers({ 200: Webhook }, 400, 401, 403, 404, 429),
      },
    },
    (request) => getWebhook(tenancy, encryptionKey, actorOf(request).organization.id, request.params.id),
  )

  app.patch(
    '/webhooks/:id',
    {
      config: { access: 'webhooks:write' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'patchWebhook',
        summary: 'Change where events go and which, disable or enable',
        params,
        body: WebhookPatch,
        response: answers({ 200: Webhook }, 400, 401, 403, 404, 429),
      },
    },
    (request) =>
      tenancy.write(actorOf(request).organization.id, (tx) =>
        patchWebhook(tx, settings, auditContextOf(request), request.params.id, request.body),
      ),
  )

  app.delete(
    '/webhooks/:id',
    {
      config: { access: 'webhooks:write' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'deleteWebhook',
        summary: 'Remove a webhook with its deliveries',
        params,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 429),
      },
    },
    async (request, reply) => {
      await tenancy.write(actorOf(request).organization.id, (tx) =>
        deleteWebhook(tx, auditContextOf(request), request.params.id),
      )
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/webhooks/:id/rotate-secret',
    {
      config: { access: 'webhooks:write' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'rotateWebhookSecret',
        summary: 'Replace the secret: deliveries are signed with both until the grace is over',
        params,
        body: SecretRotate,
        response: answers({ 200: WebhookWithSecret }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 200, (tx) =>
        rotateSecret(tx, settings, auditContextOf(request), request.params.id, request.body),
      ),
  )

  app.post(
    '/webhooks/:id/test',
    {
      config: { access: 'webhooks:write' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'testWebhook',
        summary: 'Send an event of type webhook.test, whatever the webhook subscribes to',
        params,
        response: answers({ 202: Delivery }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 202, (tx, organizationId) =>
        sendTest(tx, organizationId, request.params.id),
      ),
  )

  app.post(
    '/webhooks/:id/replay',
    {
      config: { access: 'webhooks:write' },
      schema: {
        tags: ['Webhooks'],
        operationId: 'replayFailedDeliveries',
        summary: 'Send once more all deliveries that have failed since a time, 10,000 at most',
        params,
        body: ReplayFailed,
        response: answers({ 202: Replayed }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 202, (tx, organizationId) =>
        replayFailed(tx, organizationId, request.params.id, request.body.since),
      ),
  )
}
