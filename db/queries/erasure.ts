import type { Queryable } from '../connect.ts'

/** Deletes a user; memberships, sessions, tokens and second factor go with the row. */
export function deleteUser(db: Queryable, userId: string) {
  return db`delete from users where id = ${userId}`
}

/** Deletes invitations to an address, in every organization. */
export function deleteInvitationsTo(db: Queryable, email: string) {
  return db`delete from invitations where email = ${email}`
}

/** Deletes an organization with everything that is in it; its audit log and access log stay. */
export function deleteOrganization(db: Queryable, organizationId: string) {
  return db`delete from organizations where id = ${organizationId}`
}
