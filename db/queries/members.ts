import type { Role } from '../../schemas/access.ts'
import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import { timeOf } from './clock.ts'

/** A member as the organization sees them. `id` is the user's. */
export interface MemberRow {
  id: string
  email: string
  name: string
  role: Role
  joinedAt: Date
}

/** A page of members, those who signed up last first. */
export function listMembers(tx: Queryable, organizationId: string, page: PageRequest) {
  return tx<MemberRow[]>`
    select users.id, users.email, users.name, memberships.role, memberships.created_at as joined_at
    from memberships join users on users.id = memberships.user_id
    where memberships.organization_id = ${organizationId} and (${page.after}::text is null or users.id < ${page.after})
    order by users.id desc limit ${page.limit + 1}`
}

/** One member, or no row. */
export function findMember(tx: Queryable, organizationId: string, userId: string) {
  return tx<MemberRow[]>`
    select users.id, users.email, users.name, memberships.role, memberships.created_at as joined_at
    from memberships join users on users.id = memberships.user_id
    where memberships.organization_id = ${organizationId} and memberships.user_id = ${userId}`
}

/** The member with an e-mail address, or no row. */
export function findMemberByEmail(tx: Queryable, organizationId: string, email: string) {
  return tx<{ id: string }[]>`
    select users.id from memberships join users on users.id = memberships.user_id
    where memberships.organization_id = ${organizationId} and users.email = ${email}`
}

/** The owners, to be told of something. */
export function listOwners(tx: Queryable, organizationId: string) {
  return tx<{ id: string; email: string }[]>`
    select users.id, users.email from memberships join users on users.id = memberships.user_id
    where memberships.organization_id = ${organizationId} and memberships.role = 'owner' order by users.id`
}

export async function countMembers(tx: Queryable, organizationId: string): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int as count from memberships where organization_id = ${organizationId}`
  return row?.count ?? 0
}

export function updateMemberRole(tx: Queryable, organizationId: string, userId: string, role: Role) {
  locking(tx, 'membership', organizationId)
  return tx`
    update memberships set role = ${role} where organization_id = ${organizationId} and user_id = ${userId}`
}

/** Takes a member out; their sessions in this organization go with the membership. */
export function deleteMember(tx: Queryable, organizationId: string, userId: string) {
  locking(tx, 'membership', organizationId)
  return tx`delete from memberships where organization_id = ${organizationId} and user_id = ${userId}`
}

/** Marks the keys that work and were made by a member who leaves. */
export function markKeysOf(tx: Queryable, organizationId: string, userId: string) {
  locking(tx, 'key', organizationId)
  return tx<{ id: string; name: string; prefix: string }[]>`
    with concerned as materialized (
      select id from keys
      where organization_id = ${organizationId} and created_by = ${userId} and revoked_at is null
        and (expires_at is null or expires_at > ${timeOf(tx, organizationId)})
      order by id for no key update)
    update keys set creator_left_at = ${timeOf(tx, organizationId)} from concerned
    where organization_id = ${organizationId} and keys.id = concerned.id
    returning keys.id, name, prefix`
}

/** Takes the marks off when a member comes back. */
export function unmarkKeysOf(tx: Queryable, organizationId: string, userId: string) {
  locking(tx, 'key', organizationId)
  return tx`
    with concerned as materialized (
      select id from keys
      where organization_id = ${organizationId} and created_by = ${userId} and creator_left_at is not null
      order by id for no key update)
    update keys set creator_left_at = null from concerned
    where organization_id = ${organizationId} and keys.id = concerned.id`
}

/** What the member who made a key is now; no row where they left, or no member made it. */
export function findKeyCreatorRole(tx: Queryable, organizationId: string, keyId: string) {
  return tx<{ role: Role }[]>`
    select memberships.role from keys
    join memberships on memberships.organization_id = keys.organization_id and memberships.user_id = keys.created_by
    where keys.organization_id = ${organizationId} and keys.id = ${keyId}`
}
