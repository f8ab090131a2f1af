import type { Queryable } from '../../db/connect.ts'
import { type AuditContext, type AuditEvent, audit } from '../audit/audit.ts'

/**
 * Writes what a person did into the log of each of their organizations, always in the same order: two who write into
 * the same logs do not wait for each other in a circle.
 */
export async function auditEverywhere(
  tx: Queryable,
  memberships: readonly { organizationId: string }[],
  contextOf: (organizationId: string) => AuditContext,
  event: AuditEvent,
): Promise<void> {
  const ids = memberships.map(({ organizationId }) => organizationId).sort()
  for (const id of ids) await audit(tx, contextOf(id), event)
}
