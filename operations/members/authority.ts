import { findKeyCreatorRole } from '../../db/queries/members.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { firstExcess, type Role, roleScopes } from '../../schemas/access.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Actor } from '../credentials/principals.ts'

/** The highest role that an actor may give, take or touch. */
export type Authority = 'owner' | 'admin' | 'member'

const within: Record<Authority, readonly Role[]> = {
  owner: ['owner', 'admin', 'member', 'viewer'],
  admin: ['admin', 'member', 'viewer'],
  member: ['member', 'viewer'],
}

/**
 * What an actor may do to members. Owners and admins may do everything, so only an actor with `*` gives or touches
 * these roles, and only owners touch owners. A key has the authority that its creator has now: an admin's key gives
 * nobody the role of an owner, and neither does a key whose creator has left.
 */
export async function authorityOf(tx: TenantTransaction, actor: Actor): Promise<Authority> {
  if (!actor.scopes.includes('*')) return 'member'
  if (actor.type === 'operator') return 'owner'
  if (actor.user) return actor.user.role === 'owner' ? 'owner' : 'admin'
  if (!actor.key) return 'admin'
  const [creator] = await findKeyCreatorRole(tx, actor.organization.id, actor.key.keyId)
  return creator?.role === 'owner' ? 'owner' : 'admin'
}

/**
 * For changing or removing what somebody has.
 * @param what the place of the request that it is about
 * @throws ApiError 403 where the role is above what the actor may touch
 */
export function requireAuthority(authority: Authority, role: Role, what: string): void {
  if (within[authority].includes(role)) return
  throw above(role, what, `${role} is more than your credential may give or change`)
}

/**
 * For giving somebody a role: nobody hands on more than they have. Whoever accepts an invitation may be the one who
 * sent it, so the scopes of the credential bound the role.
 * @param what the place of the request that it is about
 * @param before the role that the member has already; what it allows is nothing new
 * @throws ApiError 403 where the role allows more than the actor may do
 */
export function requireGift(
  authority: Authority,
  actor: Actor,
  role: Role,
  what: string,
  before?: Role,
): void {
  requireAuthority(authority, role, what)
  const had = before ? roleScopes(before) : []
  const scope = firstExcess(roleScopes(role), [...actor.scopes, ...had])
  if (scope) throw above(role, what, `${role} has ${scope}, and your credential does not`)
}

function above(role: Role, path: string, message: string): ApiError {
  return new ApiError('FORBIDDEN', undefined, {
    reason: `role_above_own:${role}`,
    details: [{ path, message }],
  })
}
