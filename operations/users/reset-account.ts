import { findUserByEmail } from '../../db/queries/accounts.ts'
import { deleteTotp } from '../../db/queries/authentication.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import { systemContext } from '../audit/audit.ts'
import { change } from '../core/change.ts'
import type { Services } from '../core/services.ts'
import { auditEverywhere } from '../person/notice.ts'
import { closeSessions } from '../sessions/close.ts'

/** What an operator did to an account. */
export interface Operated {
  readonly userId: string
  readonly sessionsEnded: number
  readonly secondFactorRemoved: boolean
}

/**
 * Ends all sessions of a user and, on request, removes their second factor: for who has lost the app and the recovery
 * codes and has proved by other means who they are.
 * @throws Error where nobody has the e-mail address
 */
export async function resetAccount(
  services: Services,
  email: string,
  options: { removeSecondFactor: boolean },
): Promise<Operated> {
  const everywhere = { scope: 'system', organizationId: null, auditContext: null } as const
  const { value } = await change(services, everywhere, async (context) => {
    const { tx, invalidate } = context
    const [user] = await findUserByEmail(tx, email.toLowerCase())
    if (!user) throw new Error(`nobody here has the address ${email}`)
    await lockUser(tx, user.id)
    const removed = options.removeSecondFactor ? await deleteTotp(tx, user.id) : []
    const sessionsEnded = await closeSessions(context, user.id, { except: null })
    const auditContext = systemContext('', services.auditKey, 'operator')
    const action = removed.length > 0 ? 'user.totp_removed' : 'user.sessions_ended'
    await auditEverywhere({ ...context, auditContext }, user.id, action)
    invalidate(`user:${user.id}`)
    return { userId: user.id, sessionsEnded, secondFactorRemoved: removed.length > 0 }
  })
  return value
}
