import { findKeyCreatorRole } from '../../db/queries/members.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import type { Role } from '../../schemas/access.ts'
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
 * What an actor may do to members. Owners and admins may everything, so that only who has `*` makes or touches them;
 * owners are touched by owners alone. A key has what the member who made it has now: an admin's key makes no owners,
 * nor does a key whose maker has left.
 */
export async function authorityOf(tx: TenantTransaction, actor: Actor): Promise<Authority> {
  if (!actor.scopes.includes('*')) return 'member'
  if (actor.user) return actor.user.role === 'owner' ? 'owner' : 'admin'
  if (!actor.key) return 'admin'
  const [creator] = await findKeyCreatorRole(tx, actor.organization.id, actor.key.keyId)
  return creator?.role === 'owner' ? 'owner' : 'admin'
}

/**
 * @param what the place of the request that it is about
 * @throws ApiError 403 where the role is above what the actor may give or touch
 */
export function requireAuthority(authority: Authority, role: Role, what: string): void {
  if (within[authority].includes(role)) return
  throw new ApiError('FORBIDDEN', undefined, {
    reason: `role_above_own:${role}`,
    details: [{ path: what, message: `${role} is more than your credential may give or change` }],
  })
}
