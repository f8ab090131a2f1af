import { findWebhook, lockWebhook, type WebhookRow } from '../../db/queries/webhooks.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import type { WriteContext } from '../core/operation.ts'

type Scope = Pick<WriteContext, 'tx' | 'organizationId'>

/** A webhook, locked until the transaction ends. @throws ApiError 404 */
export async function lockedWebhook({ tx, organizationId }: Scope, id: string): Promise<WebhookRow> {
  const [row] = await lockWebhook(tx, organizationId, id)
  if (!row) throw notFound('Webhook')
  return row
}

/** A webhook that receives events. @throws ApiError 404, 409 where it is disabled */
export async function enabledWebhook({ tx, organizationId }: Scope, id: string): Promise<WebhookRow> {
  const [row] = await findWebhook(tx, organizationId, id)
  if (!row) throw notFound('Webhook')
  return requireEnabled(row)
}

/** The same, locked until the transaction ends: whoever changes its deliveries does that first. @throws ApiError 404, 409 */
export async function lockedEnabledWebhook(scope: Scope, id: string): Promise<WebhookRow> {
  return requireEnabled(await lockedWebhook(scope, id))
}

function requireEnabled(row: WebhookRow): WebhookRow {
  if (row.disabledAt) {
    throw new ApiError('CONFLICT', 'The webhook is disabled', {
      reason: 'webhook_disabled',
      hint: `Enable it first: PATCH /api/webhooks/${row.id} {"disabled":false}`,
    })
  }
  return row
}
