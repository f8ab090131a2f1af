import { changeRole } from '../operations/members/change-role.ts'
import { endMemberSessions } from '../operations/members/end-sessions.ts'
import { listMembers } from '../operations/members/list.ts'
import { removeMember } from '../operations/members/remove.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Who belongs to the organization, and in which role. */
export async function memberRoutes(app: Api): Promise<void> {
  rest(app, 'GET /members', listMembers)
  rest(app, 'PATCH /members/:userId', changeRole)
  rest(app, 'DELETE /members/:userId', removeMember, { status: 204 })
  rest(app, 'POST /members/end-sessions', endMemberSessions, { status: 204 })
}
