import type { MembershipRow } from '../../db/queries/accounts.ts'
import { listMemberships } from '../../db/queries/accounts.ts'
import { inheritSession, type SessionOrigin } from '../../db/queries/sessions.ts'
import type { Login } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Person } from './confirm.ts'
import type { Accounts } from './context.ts'
import { openSessionOf } from './sessions.ts'

/**
 * Opens a session in another organization of who is logged in. The one that they come from stays: each is of one
 * organization, and a dashboard may show two. The new one ends no later than that, and counts as no new proof of who
 * they are.
 * @throws ApiError 403 where the user is no member of the organization
 */
export async function switchOrganization(
  accounts: Accounts,
  person: Person,
  organizationId: string,
  origin: SessionOrigin,
): Promise<Login> {
  const memberships = await listMemberships(accounts.database, person.userId)
  const member = memberships.find((membership) => membership.organizationId === organizationId)
  if (!member)
    throw new ApiError('FORBIDDEN', 'You are no member of this organization', { reason: 'no_member' })
  return accounts.database.begin(async (tx) => {
    const { login, sessionId } = await openSessionOf(tx, accounts.config, member as MembershipRow, origin)
    await inheritSession(tx, person.userId, person.sessionId, sessionId)
    return login
  }) as Promise<Login>
}
