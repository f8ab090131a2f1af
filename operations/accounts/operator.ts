import type { Environment } from '../../config/environment.ts'
import { announceChanges } from '../../db/changes.ts'
import type { Database } from '../../db/connect.ts'
import { findUserByEmail, listMemberships } from '../../db/queries/accounts.ts'
import { deleteTotp } from '../../db/queries/authentication.ts'
import { endSessions, lockUser } from '../../db/queries/sessions.ts'
import { systemContext } from '../audit/audit.ts'
import type { AuditKey } from '../audit/key.ts'
import { auditEverywhere } from './audit-everywhere.ts'

/** What an operator did to an account. */
export interface Operated {
  readonly userId: string
  readonly sessionsEnded: number
  readonly secondFactorRemoved: boolean
}

/**
 * Ends all sessions of a user and, where that is wanted, takes their second factor away: for who has lost the app and
 * the recovery codes and has proved by other means who they are.
 * @throws Error where nobody has the e-mail address
 */
export async function resetAccount(
  database: Database,
  environment: Environment,
  email: string,
  options: { removeSecondFactor: boolean },
  key: AuditKey,
): Promise<Operated> {
  return database.begin(async (tx) => {
    const [user] = await findUserByEmail(tx, email.toLowerCase())
    if (!user) throw new Error(`nobody here has the address ${email}`)
    await lockUser(tx, user.id)
    const removed = options.removeSecondFactor ? await deleteTotp(tx, user.id) : []
    const tags = (await endSessions(tx, user.id, { except: null })).map((id) => `session:${id}`)
    const event = {
      action: removed.length > 0 ? 'user.totp_removed' : 'user.sessions_ended',
      targetType: 'user',
      targetId: user.id,
    }
    const memberships = await listMemberships(tx, user.id)
    await auditEverywhere(tx, memberships, (id) => systemContext(id, key, 'operator'), event)
    await announceChanges(tx, environment, [...tags, `user:${user.id}`])
    return { userId: user.id, sessionsEnded: tags.length, secondFactorRemoved: removed.length > 0 }
  }) as Promise<Operated>
}
