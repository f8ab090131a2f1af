import { listMemberships } from '../../db/queries/accounts.ts'
import { findUser } from '../../db/queries/authentication.ts'
import type { AuditContext } from '../audit/audit.ts'
import type { ChangeContext } from '../core/change.ts'
import type { Services } from '../core/services.ts'
import type { Mail } from '../mail/compose.ts'

/** Who acts, in which transaction. */
interface NoticeContext extends Pick<ChangeContext, 'tx' | 'audit'> {
  readonly services: Pick<Services, 'mailer' | 'publicUrl'>
  readonly auditContext: Omit<AuditContext, 'organizationId'>
}

/**
 * Tells a user by e-mail that the way they log in has changed, and records it in the audit log of each of their
 * organizations, in the transaction of the change itself.
 * @param action e.g. `user.password_changed`
 */
export async function giveNotice(
  context: NoticeContext,
  userId: string,
  action: string,
  write: (to: string, about: { publicUrl: string }) => Mail,
): Promise<void> {
  const { tx, services } = context
  const [user] = await findUser(tx, userId)
  if (!user) return
  if (services.mailer.possible) {
    await services.mailer.send(tx, write(user.email, { publicUrl: services.publicUrl() }))
  }
  await auditEverywhere(context, userId, action)
}

/** Records what a person did to their account in the audit log of each of their organizations. */
export async function auditEverywhere(
  { tx, audit, auditContext }: Omit<NoticeContext, 'services'>,
  userId: string,
  action: string,
): Promise<void> {
  for (const { organizationId } of await listMemberships(tx, userId)) {
    audit({ action, targetType: 'user', targetId: userId }, { ...auditContext, organizationId })
  }
}
