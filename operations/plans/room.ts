import type { EnvironmentName } from '../../config/environment.ts'
import type { Queryable } from '../../db/connect.ts'
import type { OrganizationRow } from '../../db/queries/accounts.ts'
import { countLiveKeys } from '../../db/queries/keys.ts'
import { countMembers } from '../../db/queries/members.ts'
import { lockOrganization } from '../../db/queries/organizations.ts'
import { countWebhooks } from '../../db/queries/webhooks.ts'
import { notFound } from '../../schemas/errors.ts'
import { type PlanLimits, requireRoom } from './plans.ts'

const countOf: Record<keyof PlanLimits, (tx: Queryable, organizationId: string) => Promise<number>> = {
  members: countMembers,
  keys: async (tx, organizationId) => (await countLiveKeys(tx, organizationId))[0]?.count ?? 0,
  webhooks: countWebhooks,
}

/**
 * Makes sure that an organization has room for one more of a thing. It locks the organization until the transaction
 * ends, so call it before anything else is locked: of two requests that both want the last place, the second one counts
 * what the first one made.
 * @param times how many times the plan's limit may be reached, for what replaces something that goes soon
 * @returns the organization
 * @throws ApiError 404; 403 that names the limit of the plan
 */
export async function takeRoom(
  tx: Queryable,
  environment: EnvironmentName,
  organizationId: string,
  limit: keyof PlanLimits,
  times = 1,
): Promise<OrganizationRow> {
  const [organization] = await lockOrganization(tx, organizationId)
  if (!organization) throw notFound('Organization')
  const count = await countOf[limit](tx, organizationId)
  requireRoom(environment, organization.plan, limit, count, times)
  return organization
}
