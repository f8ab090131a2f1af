import type { EnvironmentName } from '../../config/environment.ts'
import { containsCredential } from '../../credentials/format.ts'
import type { Queryable } from '../../db/connect.ts'
import { signalEvents } from '../../db/event-signal.ts'
import {
  countWebhooks,
  findWebhook,
  insertWebhook,
  lockWebhook,
  deleteWebhook as removeWebhook,
  setDisabled,
  updateSecrets,
  updateWebhook,
  type WebhookRow,
} from '../../db/queries/webhooks.ts'
import type { Tenancy, TenantTransaction } from '../../db/tenant.ts'
import { badRequest, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { SecretRotate, Webhook, WebhookCreate, WebhookPatch } from '../../schemas/webhooks.ts'
import { type AuditContext, audit, changesBetween } from '../audit/audit.ts'
import { requireRoom } from '../plans/plans.ts'
import { withoutQuery } from './care.ts'
import { newWebhookSecret, rotateSecrets, sealSecrets, unsealSecrets } from './signature.ts'
import type { TargetRules } from './targets.ts'

const DEFAULT_GRACE_HOURS = 24

/** What the services of webhooks need of the process. */
export interface WebhookSettings {
  readonly environment: EnvironmentName
  readonly rules: TargetRules
  /** 32 bytes. */
  readonly encryptionKey: Buffer
}

/** An endpoint as the API shows it. */
export function presentWebhook(key: Buffer, row: WebhookRow): Webhook {
  const [, previous] = unsealSecrets(key, row.id, row.secrets)
  const until = previous?.until ?? null
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: row.events,
    status: row.disabledAt ? 'disabled' : 'enabled',
    disabled: row.disabledAt !== null,
    disabledAt: row.disabledAt,
    disabledReason: row.disabledReason,
    failingSince: row.failingSince,
    pausedUntil: row.pausedUntil && row.pausedUntil.getTime() > Date.now() ? row.pausedUntil : null,
    previousSecretUntil: until !== null && until > Date.now() ? new Date(until) : null,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}

/**
 * Makes an endpoint and shows its secret, this once.
 * @param plan the organization's
 * @throws ApiError 400 for a URL that webhooks may not reach, 403 where the plan has no room
 */
export async function createWebhook(
  tx: TenantTransaction,
  settings: WebhookSettings,
  context: AuditContext,
  plan: string,
  body: WebhookCreate,
): Promise<Webhook & { secret: string }> {
  refuseTarget(settings.rules, body.url)
  refuseCredentials(body)
  const { organizationId } = context
  requireRoom(settings.environment, plan, 'webhooks', await countWebhooks(tx, organizationId))
  const id = newId('whk')
  const secret = newWebhookSecret()
  const fields = { url: body.url, events: body.events, description: body.description ?? null }
  const sealed = sealSecrets(settings.encryptionKey, id, [{ secret, until: null }])
  const [row] = await insertWebhook(tx, organizationId, id, fields, sealed)
  await audit(tx, context, {
    action: 'webhook.created',
    targetType: 'webhook',
    targetId: id,
    changes: { url: withoutQuery(body.url), events: body.events },
  })
  return { ...presentWebhook(settings.encryptionKey, row as WebhookRow), secret }
}

/** @throws ApiError 404 where the organization has no such endpoint */
export async function getWebhook(
  tenancy: Tenancy,
  key: Buffer,
  organizationId: string,
  id: string,
): Promise<Webhook> {
  const [row] = await tenancy.read(organizationId, (tx) => findWebhook(tx, organizationId, id))
  if (!row) throw notFound('Webhook')
  return presentWebhook(key, row)
}

/**
 * Changes what the patch names. An endpoint that is enabled again gets what has waited for it.
 * @throws ApiError 404, 400 for a URL that webhooks may not reach
 */
export async function patchWebhook(
  tx: TenantTransaction,
  settings: WebhookSettings,
  context: AuditContext,
  id: string,
  patch: WebhookPatch,
): Promise<Webhook> {
  if (patch.url !== undefined) refuseTarget(settings.rules, patch.url)
  refuseCredentials(patch)
  const { organizationId } = context
  const before = await lock(tx, organizationId, id)
  const fields = {
    url: patch.url ?? before.url,
    events: patch.events ?? before.events,
    description: patch.description === undefined ? before.description : patch.description,
  }
  let [row] = await updateWebhook(tx, organizationId, id, fields)
  if (patch.disabled !== undefined && patch.disabled !== (before.disabledAt !== null)) {
    ;[row] = await setDisabled(tx, organizationId, id, patch.disabled ? 'request' : null)
    if (!patch.disabled) await signalEvents(tx, organizationId)
  }
  const after = presentWebhook(settings.encryptionKey, row as WebhookRow)
  await audit(tx, context, {
    action: 'webhook.changed',
    targetType: 'webhook',
    targetId: id,
    changes: changesBetween(audited(presentWebhook(settings.encryptionKey, before)), audited(after)),
  })
  return after
}

/**
 * Gives an endpoint a new secret, shown this once; deliveries carry a signature with the old one too until the grace
 * is over.
 * @throws ApiError 404
 */
export async function rotateSecret(
  tx: TenantTransaction,
  settings: WebhookSettings,
  context: AuditContext,
  id: string,
  body: SecretRotate,
): Promise<Webhook & { secret: string }> {
  const { encryptionKey } = settings
  const { organizationId } = context
  const before = await lock(tx, organizationId, id)
  const graceHours = body?.graceHours ?? DEFAULT_GRACE_HOURS
  const secret = newWebhookSecret()
  const secrets = rotateSecrets(
    unsealSecrets(encryptionKey, id, before.secrets),
    secret,
    graceHours,
    Date.now(),
  )
  const [row] = await updateSecrets(tx, organizationId, id, sealSecrets(encryptionKey, id, secrets))
  await audit(tx, context, {
    action: 'webhook.secret_rotated',
    targetType: 'webhook',
    targetId: id,
    changes: { graceHours },
  })
  return { ...presentWebhook(encryptionKey, row as WebhookRow), secret }
}

/**
 * Removes an endpoint with what waits for it.
 * @throws ApiError 404
 */
export async function deleteWebhook(tx: TenantTransaction, context: AuditContext, id: string): Promise<void> {
  const { organizationId } = context
  const { url } = await lock(tx, organizationId, id)
  await removeWebhook(tx, organizationId, id)
  await audit(tx, context, {
    action: 'webhook.deleted',
    targetType: 'webhook',
    targetId: id,
    changes: { url: withoutQuery(url) },
  })
}

async function lock(tx: Queryable, organizationId: string, id: string): Promise<WebhookRow> {
  const [row] = await lockWebhook(tx, organizationId, id)
  if (!row) throw notFound('Webhook')
  return row
}

function audited({ url, events, disabled }: Webhook) {
  return { url: withoutQuery(url), events, disabled }
}

function refuseTarget(rules: TargetRules, url: string): void {
  const refusal = rules.refusalOf(url)
  if (refusal !== null) throw badRequest('body.url', refusal)
}

function refuseCredentials({ url, description }: WebhookPatch): void {
  for (const [name, text] of Object.entries({ url, description })) {
    if (text && containsCredential(text)) throw badRequest(`body.${name}`, 'holds a credential: leave it out')
  }
}
