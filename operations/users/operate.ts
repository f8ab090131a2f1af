import { findUserByEmail, insertMembership, insertUser } from '../../db/queries/accounts.ts'
import { updatePassword } from '../../db/queries/authentication.ts'
import { deletePasswordResets } from '../../db/queries/password-resets.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import type { Role } from '../../schemas/access.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { systemContext } from '../audit/audit.ts'
import { change } from '../core/change.ts'
import type { Services } from '../core/services.ts'
import { auditEverywhere } from '../person/notice.ts'
import { takeRoom } from '../plans/room.ts'
import { closeSessions } from '../sessions/close.ts'
import { drawPassword, requireEmail, requireName } from './order.ts'

/** A user with the new password, which is shown once. */
export interface UserWithPassword {
  readonly userId: string
  readonly email: string
  readonly password: string
}

/** Whom the operator wants created. */
export interface UserOrder {
  readonly organizationId: string
  readonly email: string
  readonly name: string
  readonly role: Role
}

/**
 * Creates a user with a random password as a member of an organization, for installations that send no e-mail.
 * @throws ApiError 400, 404 where there is no such organization, 409 where the address belongs to a user already, 403
 *   where the plan allows no more members
 */
export async function createUser(services: Services, order: UserOrder): Promise<UserWithPassword> {
  const { organizationId, name, role } = order
  const email = order.email.toLowerCase()
  requireName('name', name)
  requireEmail('email', email)
  const { config, auditKey } = services
  const { password, passwordHash } = await drawPassword(config)
  const auditContext = systemContext(organizationId, auditKey, 'operator')
  const target = { scope: 'system', organizationId, auditContext } as const
  const { value } = await change(services, target, async ({ tx, audit }) => {
    await takeRoom(tx, config.environment.name, organizationId, 'members')
    const [user] = await insertUser(tx, { id: newId('usr'), email, name, passwordHash })
    if (!user) {
      throw new ApiError('CONFLICT', 'A user with this e-mail address exists already', {
        reason: 'email_taken',
      })
    }
    await insertMembership(tx, organizationId, user.id, role)
    audit({
      action: 'member.joined',
      targetType: 'member',
      targetId: user.id,
      changes: { role: { from: null, to: role } },
    })
    return { userId: user.id, email, password }
  })
  return value
}

/**
 * Gives a user a new random password, and ends all their sessions: for who is locked out of an installation that sends
 * no e-mail. A second factor stays.
 * @throws ApiError 404 where nobody has the e-mail address
 */
export async function resetPasswordByOperator(services: Services, email: string): Promise<UserWithPassword> {
  const { password, passwordHash } = await drawPassword(services.config)
  const everywhere = { scope: 'system', organizationId: null, auditContext: null } as const
  const { value } = await change(services, everywhere, async (context) => {
    const { tx } = context
    const [user] = await findUserByEmail(tx, email.toLowerCase())
    if (!user) throw notFound('User')
    await lockUser(tx, user.id)
    await updatePassword(tx, user.id, null, passwordHash)
    await deletePasswordResets(tx, user.id)
    await closeSessions(context, user.id, { except: null })
    const auditContext = systemContext('', services.auditKey, 'operator')
    await auditEverywhere({ ...context, auditContext }, user.id, 'user.password_changed')
    return { userId: user.id, email: user.email, password }
  })
  return value
}
