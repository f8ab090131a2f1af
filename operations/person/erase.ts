import type { Queryable } from '../../db/connect.ts'
import { listMemberships, type MembershipRow } from '../../db/queries/accounts.ts'
import { deleteInvitationsTo, deleteOrganization, deleteUser } from '../../db/queries/erasure.ts'
import { countMembers, findMember, listOwners } from '../../db/queries/members.ts'
import { lockOrganization } from '../../db/queries/organizations.ts'
import { lockKeysOf, lockMemberStanding, lockStandings } from '../../db/queries/standing.ts'
import { ApiError } from '../../schemas/errors.ts'
import { EraseBody } from '../../schemas/me.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { confirmPassword } from '../authentication/confirm.ts'
import { personOf } from '../authentication/person.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { removeBytesSoon } from '../files/remove.ts'
import { erasedMail } from '../mail/account-messages.ts'
import { takeOut } from '../members/take-out.ts'

/**
 * Erases the person: profile, memberships, sessions, second factor, invitations to their address. What they did stays in
 * the audit logs under their user id, which leads to nobody from then on. docs/people.md lists what is kept.
 */
export const eraseMe = writeOperation({
  name: 'me.erase',
  summary: 'Erase your account',
  description:
    'Erases you in every organization. Your API keys stay with their organizations.\n\n' +
    'While you are the last owner of organizations, this is refused with 409, which names them. With ' +
    '`eraseOrganizations`, those that have no other member are erased with everything in them.',
  access: 'user',
  beforeSecondFactor: true,
  scope: 'system',
  standing: 'person',
  ends: (_input, actor) => ({ members: [personOf(actor).userId], keysOf: personOf(actor).userId }),
  errors: [409],
  input: EraseBody,
  output: NoContent,
  example: { password: 'correct horse battery staple', eraseOrganizations: true },
  prepare: ({ services, actor }, { password }) => confirmPassword(services, personOf(actor), password),
  async run(context, { eraseOrganizations = false }) {
    const { tx, actor, services, invalidate, afterCommit } = context
    const { userId } = personOf(actor)
    await lockCredentials(tx, userId, eraseOrganizations)
    const memberships = await lockMemberships(tx, userId)
    const alone = await splitOwned(tx, memberships, eraseOrganizations)
    for (const { organizationId } of memberships) {
      const [member] = await findMember(tx, organizationId, userId)
      if (member && !alone.has(organizationId)) await takeOut(services, tx, organizationId, member)
    }
    const email = memberships[0]?.email
    if (email) await deleteInvitationsTo(tx, email)
    for (const organizationId of alone) {
      await deleteOrganization(tx, organizationId)
      invalidate(`organization:${organizationId}`)
    }
    await deleteUser(tx, userId)
    if (email && services.mailer.possible) await services.mailer.send(tx, erasedMail(email))
    auditErasure(context, userId, memberships, alone)
    invalidate(`user:${userId}`)
    afterCommit(() => removeBytesSoon(services.files))
    return null
  },
})

// Of who is erased, the log does not keep the address of this last request either.
function auditErasure(
  { audit, auditContext }: WriteContext,
  userId: string,
  memberships: readonly MembershipRow[],
  alone: ReadonlySet<string>,
): void {
  for (const { organizationId } of memberships) {
    const target = alone.has(organizationId)
      ? { action: 'organization.erased', targetType: 'organization', targetId: organizationId }
      : { action: 'user.erased', targetType: 'user', targetId: userId }
    audit(target, { ...auditContext, organizationId, ip: null, userAgent: null })
  }
}

// Writes of an organization hold their credential and wait for the organization. An erasure that held the organization
// and waited for the credentials would wait in a circle with them.
async function lockCredentials(tx: Queryable, userId: string, eraseOrganizations: boolean): Promise<void> {
  const memberships = await listMemberships(tx, userId)
  for (const { organizationId, role } of memberships.sort(byOrganization)) {
    const goes = eraseOrganizations && role === 'owner' && (await countMembers(tx, organizationId)) === 1
    if (goes) {
      await lockStandings(tx, organizationId)
    } else {
      await lockMemberStanding(tx, organizationId, userId)
      await lockKeysOf(tx, organizationId, userId)
    }
  }
}

function byOrganization(one: MembershipRow, other: MembershipRow): number {
  return one.organizationId < other.organizationId ? -1 : 1
}

// The organizations are locked in the order of their ids and read again. Nobody joins or leaves from here on.
async function lockMemberships(tx: Queryable, userId: string): Promise<MembershipRow[]> {
  const before = (await listMemberships(tx, userId)).map(({ organizationId }) => organizationId).sort()
  for (const id of before) await lockOrganization(tx, id)
  const held = await listMemberships(tx, userId)
  if (held.some(({ organizationId }) => !before.includes(organizationId))) {
    throw new ApiError('CONFLICT', 'You have joined an organization in this moment: try again')
  }
  return held.sort(byOrganization)
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
