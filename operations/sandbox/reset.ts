import type { Environment } from '../../config/environment.ts'
import { announceChange } from '../../db/changes.ts'
import { resetClock } from '../../db/queries/clock.ts'
import { type Deleted, deleteOwnData, forgetKeptResponses } from '../../db/queries/sandbox.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { type AuditContext, audit } from '../audit/audit.ts'

/**
 * Deletes an organization's campaigns, candidates, invites, interviews, answers, files and events, with the deliveries of
 * these, and sets its clock back. People, keys, webhook endpoints, settings and logs stay. Bytes are removed after the
 * commit, and the announced change of the clock is settled.
 */
export async function resetOrganization(
  tx: TenantTransaction,
  context: AuditContext,
  environment: Environment,
): Promise<Deleted> {
  const { organizationId } = context
  await resetClock(tx, organizationId)
  const deleted = await deleteOwnData(tx, organizationId)
  await forgetKeptResponses(tx, organizationId)
  await audit(tx, context, {
    action: 'sandbox.reset',
    targetType: 'organization',
    targetId: organizationId,
    changes: { deleted },
  })
  await announceChange(tx, environment, `organization:${organizationId}`)
  return deleted
}
