import type { Config } from '../../config/config.ts'
import { announceChange } from '../../db/changes.ts'
import type { OrganizationRow } from '../../db/queries/accounts.ts'
import { storedBytes } from '../../db/queries/files.ts'
import { lockOrganization, updateOrganization } from '../../db/queries/organizations.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { badRequest, notFound } from '../../schemas/errors.ts'
import type { OrganizationPatch, OrganizationSettings } from '../../schemas/organization.ts'
import { type AuditContext, audit, changesBetween } from '../audit/audit.ts'
import { planOf, requireFeature, storageLimitOf } from '../plans/plans.ts'

type Settings = Pick<Config, 'environment' | 'rateLimitPerMinute' | 'storagePerOrganization'>

/**
 * An organization as its members see it, with what its plan allows.
 * @param storageBytes of its stored files
 */
export function presentOrganization(
  row: OrganizationRow,
  settings: Settings,
  storageBytes: number,
): OrganizationSettings {
  const { id, name, plan, allowedOrigins, requireTotp, leakedKeys, mediaRetentionDays, createdAt } = row
  const { limits, features, rateLimitFactor } = planOf(settings.environment.name, plan)
  return {
    id,
    name,
    plan,
    allowedOrigins,
    requireTotp,
    leakedKeys: leakedKeys as OrganizationSettings['leakedKeys'],
    mediaRetentionDays,
    limits: {
      ...limits,
      rateLimitPerMinute: settings.rateLimitPerMinute * rateLimitFactor,
      storageBytes: storageLimitOf(plan, settings.storagePerOrganization),
    },
    usage: { storageBytes },
    features,
    createdAt,
  }
}

/**
 * Changes what the patch names, and announces it.
 * @throws ApiError 400 for what is no web origin, 403 for a feature outside the plan
 */
export async function patchOrganization(
  tx: TenantTransaction,
  settings: Settings,
  context: AuditContext,
  patch: OrganizationPatch,
): Promise<OrganizationSettings> {
  const { organizationId } = context
  const [before] = await lockOrganization(tx, organizationId)
  if (!before) throw notFound('Organization')
  if (patch.requireTotp) requireFeature(settings.environment.name, before.plan, 'requireTotp')
  if (patch.leakedKeys === 'report') {
    requireFeature(settings.environment.name, before.plan, 'reportLeakedKeys')
  }
  const change = {
    name: patch.name ?? before.name,
    allowedOrigins: patch.allowedOrigins ? readOrigins(patch.allowedOrigins) : before.allowedOrigins,
    requireTotp: patch.requireTotp ?? before.requireTotp,
    leakedKeys: patch.leakedKeys ?? before.leakedKeys,
    mediaRetentionDays: patch.mediaRetentionDays ?? before.mediaRetentionDays,
  }
  const [after] = await updateOrganization(tx, organizationId, change)
  const changes = changesBetween(before, change)
  if (Object.keys(changes).length > 0) {
    await audit(tx, context, {
      action: 'organization.changed',
      targetType: 'organization',
      targetId: organizationId,
      changes,
    })
  }
  await announceChange(tx, settings.environment, `organization:${organizationId}`)
  const [stored] = await storedBytes(tx, organizationId)
  return presentOrganization(after as OrganizationRow, settings, stored?.bytes ?? 0)
}

/**
 * Web origins as browsers send them (RFC 6454): scheme, host and port, nothing behind. Written in their plain form, so
 * that they can be compared as text; doubles are dropped.
 * @throws ApiError 400 that names the first that is none
 */
export function readOrigins(texts: readonly string[]): string[] {
  const origins = texts.map((text, index) => {
    const url = URL.canParse(text) ? new URL(text) : null
    const plain = url && ['http:', 'https:'].includes(url.protocol) && url.origin
    // What stands behind the origin would be dropped in silence: an URL with a path is a misunderstanding.
    if (plain && [plain, `${plain}/`].includes(url.href) && !/[*\s@?#]/.test(text)) return plain
    throw badRequest(
      `body.allowedOrigins.${index}`,
      'must be a web origin: scheme, host and port alone, e.g. https://careers.example.com',
    )
  })
  return [...new Set(origins)]
}
