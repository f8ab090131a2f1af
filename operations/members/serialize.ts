import type { MemberRow } from '../../db/queries/members.ts'
import type { Member } from '../../schemas/members.ts'

/** A member as the API shows them. */
export function serializeMember(row: MemberRow): Member {
  const { id, email, name, role, joinedAt } = row
  return { id, userId: id, email, name, role, joinedAt }
}
