import { me } from '../../app/session.ts'

/** What a member can be. */
export type Role = 'owner' | 'admin' | 'member' | 'viewer'

const roles: readonly (readonly [Role, string])[] = [
  ['owner', 'Owner: everything, other owners too'],
  ['admin', 'Admin: everything but owners'],
  ['member', 'Member: runs interviews, sees the settings'],
  ['viewer', 'Viewer: sees everything, changes nothing'],
]

/** The roles that who is logged in may give. */
export function rolesToGive(): readonly (readonly [Role, string])[] {
  return me.value?.user?.role === 'owner' ? roles : roles.slice(1)
}
