import type { Environment } from '../../config/environment.ts'
import { announceChanges } from '../../db/changes.ts'
import { findMember } from '../../db/queries/members.ts'
import { endMemberSessions } from '../../db/queries/sessions.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { notFound } from '../../schemas/errors.ts'
import { type AuditContext, audit } from '../audit/audit.ts'
import type { Actor } from '../credentials/principals.ts'
import { authorityOf, requireAuthority } from './authority.ts'

/**
 * Ends the sessions of a member in the actor's organization: a lost laptop, a doubt (ASVS 5.0, 7.4.5).
 * @returns the tags to settle
 * @throws ApiError 404; 403 for a member above the actor
 */
export async function endSessionsOf(
  tx: TenantTransaction,
  environment: Environment,
  actor: Actor,
  context: AuditContext,
  userId: string,
): Promise<string[]> {
  const { id: organizationId } = actor.organization
  const [member] = await findMember(tx, organizationId, userId)
  if (!member) throw notFound('Member')
  requireAuthority(await authorityOf(tx, actor), member.role, 'body.userId')
  const ids = await endMemberSessions(tx, organizationId, userId)
  const tags = ids.map((id) => `session:${id}`)
  const changes = { sessions: ids.length }
  await audit(tx, context, {
    action: 'member.sessions_ended',
    targetType: 'member',
    targetId: userId,
    changes,
  })
  await announceChanges(tx, environment, tags)
  return tags
}
