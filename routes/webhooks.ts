import { getDelivery } from '../operations/deliveries/get.ts'
import { listDeliveries } from '../operations/deliveries/list.ts'
import { redeliver } from '../operations/deliveries/redeliver.ts'
import { createWebhook } from '../operations/webhooks/create.ts'
import { deleteWebhook } from '../operations/webhooks/delete.ts'
import { getWebhook } from '../operations/webhooks/get.ts'
import { listWebhooks } from '../operations/webhooks/list.ts'
import { patchWebhook } from '../operations/webhooks/patch.ts'
import { replayFailedDeliveries } from '../operations/webhooks/replay-failed.ts'
import { rotateWebhookSecret } from '../operations/webhooks/rotate-secret.ts'
import { testWebhook } from '../operations/webhooks/send-test.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Webhooks and their deliveries. */
export async function webhookRoutes(app: Api): Promise<void> {
  rest(app, 'POST /webhooks', createWebhook, { status: 201 })
  rest(app, 'GET /webhooks', listWebhooks)
  rest(app, 'GET /webhooks/:id', getWebhook)
  rest(app, 'PATCH /webhooks/:id', patchWebhook)
  rest(app, 'DELETE /webhooks/:id', deleteWebhook, { status: 204 })
  rest(app, 'POST /webhooks/:id/rotate-secret', rotateWebhookSecret)
  rest(app, 'POST /webhooks/:id/test', testWebhook, { status: 202 })
  rest(app, 'POST /webhooks/:id/replay', replayFailedDeliveries, { status: 202 })
  rest(app, 'GET /webhooks/:id/deliveries', listDeliveries)
  rest(app, 'GET /deliveries/:id', getDelivery)
  rest(app, 'POST /deliveries/:id/redeliver', redeliver, { status: 202 })
}
