import { updatePlan } from '../../db/queries/organizations.ts'
import { badRequest, notFound } from '../../schemas/errors.ts'
import { systemContext } from '../audit/audit.ts'
import { change } from '../core/change.ts'
import type { Services } from '../core/services.ts'
import { planNames } from '../plans/plans.ts'
import { createOrganization } from '../sign-up/create-organization.ts'
import { drawPassword, requireEmail, requireName } from '../users/order.ts'

/** What the operator wants created. */
export interface OrganizationOrder {
  readonly name: string
  readonly ownerEmail: string
  readonly ownerName: string
  readonly plan?: string
}

/** A new organization with its owner's password, which is shown once. */
export interface CreatedOrganization {
  readonly organizationId: string
  readonly userId: string
  readonly email: string
  readonly password: string
}

/**
 * Creates an organization with its owner and a random password.
 * @throws ApiError 400; 409 where the address belongs to a user already
 */
export async function createByOperator(
  services: Services,
  { name, ownerEmail, ownerName, plan }: OrganizationOrder,
): Promise<CreatedOrganization> {
  requireName('name', name)
  requireName('owner-name', ownerName)
  requireEmail('owner-email', ownerEmail)
  const { password, passwordHash } = await drawPassword(services.config)
  const everywhere = { scope: 'system', organizationId: null, auditContext: null } as const
  const { value } = await change(services, everywhere, async (context) => {
    const owner = await createOrganization(
      context,
      { email: ownerEmail, name: ownerName, organizationName: name, passwordHash },
      (id) => systemContext(id, services.auditKey, 'operator'),
    )
    const { organizationId, userId, email } = owner
    if (plan) await updatePlan(context.tx, organizationId, plan)
    return { organizationId, userId, email, password }
  })
  return value
}

/**
 * Gives an organization another plan. Every instance has it before this returns.
 * @throws ApiError 400 for a plan that does not exist, 404 for such an organization
 */
export async function setPlan(
  services: Services,
  organizationId: string,
  plan: string,
): Promise<{ id: string; name: string; plan: string }> {
  if (!(planNames as readonly string[]).includes(plan)) {
    throw badRequest('plan', `must be one of: ${planNames.join(', ')}`)
  }
  const auditContext = systemContext(organizationId, services.auditKey, 'operator')
  const target = { scope: 'system', organizationId, auditContext } as const
  const { value } = await change(services, target, async ({ tx, audit, invalidate }) => {
    const [changed] = await updatePlan(tx, organizationId, plan)
    if (!changed) throw notFound('Organization')
    audit({
      action: 'organization.plan_changed',
      targetType: 'organization',
      targetId: organizationId,
      changes: { plan: { to: plan } },
    })
    invalidate(`organization:${organizationId}`)
    return { id: changed.id, name: changed.name, plan: changed.plan }
  })
  return value
}
