import type { Config } from '../../config/config.ts'
import type { OrganizationRow } from '../../db/queries/accounts.ts'
import type { OrganizationSettings } from '../../schemas/organization.ts'
import { planOf, storageLimitOf } from '../plans/plans.ts'

/**
 * An organization as its members see it, with what its plan allows.
 * @param storageBytes of its stored files
 */
export function serializeOrganization(
  row: OrganizationRow,
  config: Pick<Config, 'environment' | 'rateLimitPerMinute' | 'storagePerOrganization'>,
  storageBytes: number,
): OrganizationSettings {
  const { id, name, plan, allowedOrigins, requireTotp, leakedKeys, mediaRetentionDays, createdAt } = row
  const { limits, features, rateLimitFactor } = planOf(config.environment.name, plan)
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
      rateLimitPerMinute: config.rateLimitPerMinute * rateLimitFactor,
      storageBytes: storageLimitOf(plan, config.storagePerOrganization),
    },
    usage: { storageBytes },
    features,
    createdAt,
  }
}
