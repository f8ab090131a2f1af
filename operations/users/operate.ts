import { randomBase62 } from '../../credentials/base62.ts'
import { hashPassword } from '../../credentials/secret.ts'
import {
  findUserByEmail,
  insertMembership,
  insertUser,
  listMemberships,
  type UserRow,
} from '../../db/queries/accounts.ts'
import { updatePassword } from '../../db/queries/authentication.ts'
import { deletePasswordResets } from '../../db/queries/password-resets.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import type { Role } from '../../schemas/access.ts'
import { ApiError, badRequest, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { isName, NAME_RULE } from '../../schemas/visible-text.ts'
import { systemContext } from '../audit/audit.ts'
import { change } from '../core/change.ts'
import type { Services } from '../core/services.ts'
import { takeRoom } from '../plans/room.ts'
import { closeSessions } from '../sessions/close.ts'

const PASSWORD_LENGTH = 20

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
  if (!isName(name)) throw badRequest('name', NAME_RULE)
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) throw badRequest('email', 'is no e-mail address')
  const { config, auditKey } = services
  const password = randomBase62(PASSWORD_LENGTH)
  const passwordHash = await hashPassword(password, config.passwordBcryptCost)
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
  const { config, auditKey } = services
  const password = randomBase62(PASSWORD_LENGTH)
  const passwordHash = await hashPassword(password, config.passwordBcryptCost)
  const target = { scope: 'system', organizationId: null, auditContext: null } as const
  const { value } = await change(services, target, async (context) => {
    const { tx, within } = context
    const [user] = (await findUserByEmail(tx, email.toLowerCase())) as UserRow[]
    if (!user) throw notFound('User')
    await lockUser(tx, user.id)
    await updatePassword(tx, user.id, null, passwordHash)
    await deletePasswordResets(tx, user.id)
    await closeSessions(context, user.id, { except: null })
    for (const { organizationId } of await listMemberships(tx, user.id)) {
      const { audit } = within(organizationId, systemContext(organizationId, auditKey, 'operator'))
      audit({ action: 'user.password_changed', targetType: 'user', targetId: user.id })
    }
    return { userId: user.id, email: user.email, password }
  })
  return value
}
