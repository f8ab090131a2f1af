import type { Queryable } from '../../db/connect.ts'
import { listMemberships, type MembershipRow } from '../../db/queries/accounts.ts'
import { holdPassword } from '../../db/queries/authentication.ts'
import { inheritSession } from '../../db/queries/sessions.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Accounts } from './context.ts'
import type { Person } from './person.ts'
import { noMember } from './sessions.ts'

/**
 * Opens a session in another organization of who is logged in. It ends no later than the one that they come from, and
 * counts as no new proof of who they are.
 * @param open opens the session, of whatever kind
 * @throws ApiError 401 where that one has ended meanwhile, 403 where the user is no member of the organization
 */
export async function switchOrganization<T extends { sessionId: string }>(
  accounts: Accounts,
  person: Person,
  organizationId: string,
  open: (tx: Queryable, member: MembershipRow) => Promise<T>,
): Promise<T> {
  const memberships = await listMemberships(accounts.database, person.userId)
  const member = memberships.find((membership) => membership.organizationId === organizationId)
  if (!member) throw noMember()
  return accounts.database.begin(async (tx) => {
    // Held while the session is opened: what ends all sessions meanwhile waits, and ends this one too.
    await holdPassword(tx, person.userId)
    const opened = await open(tx, member)
    const [inherited] = await inheritSession(tx, person.userId, person.sessionId, opened.sessionId)
    if (!inherited) {
      throw new ApiError('UNAUTHORIZED', 'The session has ended: log in', {
        reason: 'session_ended_meanwhile',
      })
    }
    return opened
  }) as Promise<T>
}
