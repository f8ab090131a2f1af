import { announceChanges } from '../../db/changes.ts'
import type { Queryable } from '../../db/connect.ts'
import { listMemberships, type MembershipRow } from '../../db/queries/accounts.ts'
import { deleteInvitationsTo, deleteOrganization, deleteUser } from '../../db/queries/erasure.ts'
import { countMembers, findMember, listOwners } from '../../db/queries/members.ts'
import { lockOrganization } from '../../db/queries/organizations.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { EraseBody } from '../../schemas/me.ts'
import { type AuditContext, audit } from '../audit/audit.ts'
import { confirmPassword } from '../authentication/confirm.ts'
import type { Authentication } from '../authentication/context.ts'
import type { Person } from '../authentication/person.ts'
import type { Services } from '../core/services.ts'
import { erasedMail } from '../mail/account-messages.ts'
import { takeOut } from '../members/take-out.ts'
import { requireSession } from './session-standing.ts'

/**
 * Erases the person: profile, memberships, sessions, second factor, invitations to their address. What they did stays in
 * the audit logs under their user id, which from then on leads to nobody. docs/people.md lists what is kept.
 * @param contextOf who acts, for the log of each organization
 * @returns the tags to settle
 * @throws ApiError 401 for a wrong password; 409 that names the organizations that would be left without an owner
 */
export async function erasePerson(
  accounts: Authentication,
  services: Pick<Services, 'mailer' | 'publicUrl'>,
  person: Person,
  body: EraseBody,
  contextOf: (organizationId: string) => AuditContext,
): Promise<string[]> {
  await confirmPassword(accounts, person, body.password)
  return accounts.database.begin(async (tx) => {
    const memberships = await lockMemberships(tx, person.userId)
    const alone = await splitOwned(tx, memberships, body.eraseOrganizations === true)
    await lockUser(tx, person.userId)
    await requireSession(tx, person)
    const tags = [`user:${person.userId}`]
    for (const membership of memberships) {
      const { organizationId } = membership
      const [member] = await findMember(tx, organizationId, person.userId)
      if (!member || alone.has(organizationId)) continue
      await takeOut(services, tx, organizationId, member)
    }
    for (const organizationId of alone) {
      await deleteOrganization(tx, organizationId)
      tags.push(`organization:${organizationId}`)
    }
    const email = memberships[0]?.email
    if (email) await deleteInvitationsTo(tx, email)
    await deleteUser(tx, person.userId)
    if (email && services.mailer.possible) await services.mailer.send(tx, erasedMail(email))
    for (const { organizationId } of memberships) {
      await audit(tx, contextOf(organizationId), {
        action: alone.has(organizationId) ? 'organization.erased' : 'user.erased',
        targetType: alone.has(organizationId) ? 'organization' : 'user',
        targetId: alone.has(organizationId) ? organizationId : person.userId,
      })
    }
    await announceChanges(tx, accounts.config.environment, tags)
    return tags
  }) as Promise<string[]>
}

// The organizations are locked in the order of their ids, and read again then: nobody joins or leaves from here on.
async function lockMemberships(tx: Queryable, userId: string): Promise<MembershipRow[]> {
  const before = (await listMemberships(tx, userId)).map(({ organizationId }) => organizationId).sort()
  for (const id of before) await lockOrganization(tx, id)
  const held = await listMemberships(tx, userId)
  if (held.some(({ organizationId }) => !before.includes(organizationId))) {
    throw new ApiError('CONFLICT', 'You have joined an organization in this moment: try again')
  }
  return held.sort((one, other) => (one.organizationId < other.organizationId ? -1 : 1))
}

/** @returns the organizations that go with the person */
async function splitOwned(
  tx: Queryable,
  memberships: readonly MembershipRow[],
  eraseOrganizations: boolean,
): Promise<ReadonlySet<string>> {
  const alone = new Set<string>()
  const left: MembershipRow[] = []
  for (const membership of memberships) {
    const { organizationId, role } = membership
    if (role !== 'owner' || (await listOwners(tx, organizationId)).length > 1) continue
    if (eraseOrganizations && (await countMembers(tx, organizationId)) === 1) alone.add(organizationId)
    else left.push(membership)
  }
  if (left.length === 0) return alone
  const names = left.map(({ organizationName }) => organizationName).join(', ')
  throw new ApiError('CONFLICT', `You are the last owner of: ${names}`, {
    reason: 'last_owner',
    hint: 'Make somebody else an owner first, or, where you are the only member, send eraseOrganizations: true',
    details: left.map(({ organizationId, organizationName }) => ({
      path: 'body.eraseOrganizations',
      message: `${organizationId} (${organizationName}) would be left without an owner`,
    })),
  })
}
