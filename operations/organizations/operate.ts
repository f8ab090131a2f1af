import type { Config } from '../../config/config.ts'
import type { Environment } from '../../config/environment.ts'
import { randomBase62 } from '../../credentials/base62.ts'
import { hashPassword } from '../../credentials/secret.ts'
import { announceChange } from '../../db/changes.ts'
import type { Database } from '../../db/connect.ts'
import { updatePlan } from '../../db/queries/organizations.ts'
import { badRequest, notFound } from '../../schemas/errors.ts'
import { isName, NAME_RULE } from '../../schemas/visible-text.ts'
import { createOrganization } from '../accounts/accounts.ts'
import { audit, systemContext } from '../audit/audit.ts'
import type { AuditKey } from '../audit/key.ts'
import { planNames } from '../plans/plans.ts'

const PASSWORD_LENGTH = 20

/** What the operator wants made. */
export interface OrganizationOrder {
  readonly name: string
  readonly ownerEmail: string
  readonly ownerName: string
  readonly plan?: string
}

/**
 * Makes an organization with its owner and a random password.
 * @throws ApiError 409 where the address belongs to a user already
 */
export async function createByOperator(
  database: Database,
  config: Pick<Config, 'passwordBcryptCost'>,
  { name, ownerEmail, ownerName, plan }: OrganizationOrder,
  key: AuditKey,
): Promise<{ organizationId: string; userId: string; email: string; password: string }> {
  if (!isName(name)) throw badRequest('name', NAME_RULE)
  if (!isName(ownerName)) throw badRequest('owner-name', NAME_RULE)
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(ownerEmail)) throw badRequest('owner-email', 'is no e-mail address')
  const password = randomBase62(PASSWORD_LENGTH)
  const passwordHash = await hashPassword(password, config.passwordBcryptCost)
  return database.begin(async (tx) => {
    const owner = await createOrganization(
      tx,
      { email: ownerEmail, name: ownerName, organizationName: name, passwordHash },
      (id) => systemContext(id, key, 'operator'),
    )
    const { organizationId, userId, email } = owner
    if (plan) await updatePlan(tx, organizationId, plan)
    return { organizationId, userId, email, password }
  }) as Promise<{ organizationId: string; userId: string; email: string; password: string }>
}

/**
 * Gives an organization another plan; every process has it by the next request.
 * @throws ApiError 400 for a plan that there is not, 404 for such an organization
 */
export async function setPlan(
  database: Database,
  environment: Environment,
  organizationId: string,
  plan: string,
  key: AuditKey,
): Promise<{ id: string; name: string; plan: string }> {
  if (!(planNames as readonly string[]).includes(plan)) {
    throw badRequest('plan', `must be one of: ${planNames.join(', ')}`)
  }
  return database.begin(async (tx) => {
    const [changed] = await updatePlan(tx, organizationId, plan)
    if (!changed) throw notFound('Organization')
    await audit(tx, systemContext(organizationId, key, 'operator'), {
      action: 'organization.plan_changed',
      targetType: 'organization',
      targetId: organizationId,
      changes: { plan: { to: plan } },
    })
    await announceChange(tx, environment, `organization:${organizationId}`)
    return { id: changed.id, name: changed.name, plan: changed.plan }
  }) as Promise<{ id: string; name: string; plan: string }>
}
