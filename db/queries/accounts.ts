import type { Role } from '../../schemas/access.ts'
import type { Queryable } from '../connect.ts'
import type { organizations, users } from '../schema/accounts.ts'

export type OrganizationRow = typeof organizations.$inferSelect
export type UserRow = typeof users.$inferSelect

/** A user's place in one organization, with both their facts. */
export interface MembershipRow {
  organizationId: string
  organizationName: string
  organizationPlan: string
  userId: string
  email: string
  userName: string
  role: Role
}

export function insertOrganization(db: Queryable, id: string, name: string) {
  return db<OrganizationRow[]>`insert into organizations (id, name) values (${id}, ${name}) returning *`
}

/** Makes a user; no row where the e-mail address is taken. */
export function insertUser(db: Queryable, user: Pick<UserRow, 'id' | 'email' | 'name' | 'passwordHash'>) {
  return db<UserRow[]>`
    insert into users (id, email, name, password_hash)
    values (${user.id}, ${user.email}, ${user.name}, ${user.passwordHash})
    on conflict (email) do nothing returning *`
}

export function insertMembership(db: Queryable, organizationId: string, userId: string, role: Role) {
  return db`insert into memberships (organization_id, user_id, role) values (${organizationId}, ${userId}, ${role})`
}

export function findUserByEmail(db: Queryable, email: string) {
  return db<UserRow[]>`select * from users where email = ${email}`
}

/** The organizations that a user belongs to, oldest membership first. */
export function listMemberships(db: Queryable, userId: string) {
  return db<MembershipRow[]>`
    select memberships.organization_id, organizations.name as organization_name, organizations.plan as organization_plan,
      users.id as user_id, users.email, users.name as user_name, memberships.role
    from memberships
    join organizations on organizations.id = memberships.organization_id
    join users on users.id = memberships.user_id
    where memberships.user_id = ${userId}
    order by memberships.created_at, memberships.organization_id`
}

/** Whether the environment holds any organization yet. */
export function anyOrganization(db: Queryable) {
  return db`select from organizations limit 1`
}
