import { findMember } from '../../db/queries/members.ts'
import { endMemberSessions as endSessionsIn } from '../../db/queries/sessions.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { NoContent, Strict } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { authorityOf, requireAuthority } from './authority.ts'

/** Ends the sessions of a member in the organization: a lost laptop, a suspicion (ASVS 5.0, 7.4.5). */
export const endMemberSessions = writeOperation({
  name: 'members.endSessions',
  summary: 'End the sessions of a member in this organization',
  description:
    'Ends every session that the member has in this organization, at once and in every instance. Use it when a device ' +
    'is lost. The member can log in again; to keep them out, remove them.',
  access: 'members:write',
  ends: ({ userId }) => ({ members: [userId] }),
  errors: [404],
  input: Strict({ userId: Id('usr') }),
  output: NoContent,
  async run({ tx, organizationId, actor, audit, invalidate }, { userId }) {
    const [member] = await findMember(tx, organizationId, userId)
    if (!member) throw notFound('Member')
    requireAuthority(await authorityOf(tx, actor), member.role, 'body.userId')
    const ids = await endSessionsIn(tx, organizationId, userId)
    audit({
      action: 'member.sessions_ended',
      targetType: 'member',
      targetId: userId,
      changes: { sessions: ids.length },
    })
    for (const id of ids) invalidate(`session:${id}`)
    return null
  },
})
