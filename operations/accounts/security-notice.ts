import type { Queryable } from '../../db/connect.ts'
import { listMemberships } from '../../db/queries/accounts.ts'
import { findUser } from '../../db/queries/authentication.ts'
import type { AuditContext } from '../audit/audit.ts'
import type { Mail } from '../mail/compose.ts'
import type { Mailer } from '../mail/mailer.ts'
import { auditEverywhere } from './audit-everywhere.ts'

/** Who is told of a change to how someone logs in. */
export interface Notice {
  readonly mailer: Mailer
  readonly publicUrl: string
  /** Who acts, for the log of each organization of the user. */
  contextOf(organizationId: string): AuditContext
}

/**
 * Tells the user by e-mail, and writes it into the log of each of their organizations, in the transaction of the change
 * itself. Call it last.
 * @param action e.g. `user.password_changed`
 */
export async function giveNotice(
  tx: Queryable,
  notice: Notice,
  userId: string,
  action: string,
  write: (to: string, about: { publicUrl: string }) => Mail,
): Promise<void> {
  const [user] = await findUser(tx, userId)
  if (!user) return
  const { mailer, publicUrl } = notice
  if (mailer.possible) await mailer.send(tx, write(user.email, { publicUrl }))
  const event = { action, targetType: 'user', targetId: userId }
  await auditEverywhere(tx, await listMemberships(tx, userId), (id) => notice.contextOf(id), event)
}
