import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import { lockWebhooks } from './webhook-locks.ts'

/** Deletes a user, who is locked; memberships, sessions, tokens and second factor go with the row. */
export function deleteUser(db: Queryable, userId: string) {
  locking(db, 'user', userId)
  return db`delete from users where id = ${userId}`
}

/** Deletes invitations to an address, in every organization. */
export function deleteInvitationsTo(db: Queryable, email: string) {
  locking(db, 'invitation', email)
  return db`
    delete from invitations where (organization_id, id) in (
      select organization_id, id from invitations where email = ${email} order by id for update)`
}

/** Deletes an organization, which is locked, with everything that is in it; its audit log and access log stay. */
export async function deleteOrganization(db: Queryable, organizationId: string) {
  locking(db, 'organization', organizationId)
  await lockWebhooks(db, organizationId, null)
  return db`delete from organizations where id = ${organizationId}`
}
