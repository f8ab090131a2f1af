import type { Environment } from '../../config/environment.ts'
import { announceChange } from '../../db/changes.ts'
import { withdrawInvitationsOf } from '../../db/queries/invitations.ts'
import {
  deleteMember,
  findMember,
  listOwners,
  type MemberRow,
  markKeysOf,
  updateMemberRole,
} from '../../db/queries/members.ts'
import { findOrganization, lockOrganization } from '../../db/queries/organizations.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { allows, type Role } from '../../schemas/access.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import type { Member } from '../../schemas/members.ts'
import { type AuditContext, audit } from '../audit/audit.ts'
import type { Actor } from '../credentials/principals.ts'
import type { Mailer } from '../mail/mailer.ts'
import { keysLeftBehindMail } from '../mail/member-messages.ts'
import { authorityOf, requireAuthority, requireGift } from './authority.ts'

/** What member services work with. */
export interface MemberServices {
  readonly config: { readonly environment: Environment; readonly smtpUrl: string | null }
  readonly mailer: Mailer
  publicUrl(): string
}

/** A member as the API shows them. */
export function presentMember(row: MemberRow): Member {
  const { id, email, name, role, joinedAt } = row
  return { id, userId: id, email, name, role, joinedAt }
}

/**
 * Gives a member another role. Their next request has it, once the tag `user:…` is settled.
 * @throws ApiError 404; 403 for a role above the actor's own, old or new, or with scopes that the actor does not have;
 *   409 for the last owner
 */
export async function changeRole(
  services: MemberServices,
  tx: TenantTransaction,
  actor: Actor,
  context: AuditContext,
  userId: string,
  role: Role,
): Promise<Member> {
  const { id: organizationId } = actor.organization
  const { member } = await holdMember(tx, organizationId, userId)
  const authority = await authorityOf(tx, actor)
  requireAuthority(authority, member.role, 'params.userId')
  requireGift(authority, actor, role, 'body.role', member.role)
  if (role !== member.role) {
    await keepAnOwner(tx, organizationId, member)
    await updateMemberRole(tx, organizationId, userId, role)
    // Who has lost a right has no invitation under way that was made with it.
    await withdrawInvitationsOf(tx, organizationId, userId)
    await audit(tx, context, {
      action: 'member.changed',
      targetType: 'member',
      targetId: userId,
      changes: { role: { from: member.role, to: role } },
    })
    await announceChange(tx, services.config.environment, `user:${userId}`)
  }
  return presentMember({ ...member, role })
}

/**
 * Takes a member out, or lets them leave: everyone may take themselves out. Their sessions in the organization end,
 * what they invited to is withdrawn, and their keys stay, marked, with the owners told.
 * @throws ApiError 404; 403 for a member above the actor; 409 for the last owner
 */
export async function removeMember(
  services: MemberServices,
  tx: TenantTransaction,
  actor: Actor,
  context: AuditContext,
  userId: string,
): Promise<void> {
  const { id: organizationId } = actor.organization
  const leaves = actor.user?.id === userId && actor.type !== 'oauth'
  if (!leaves && !allows(actor.scopes, 'members:write')) {
    throw new ApiError('FORBIDDEN', undefined, {
      reason: 'scope_missing:members:write',
      details: [{ path: 'credential', message: 'needs the scope members:write' }],
    })
  }
  const { member } = await holdMember(tx, organizationId, userId)
  if (!leaves) requireAuthority(await authorityOf(tx, actor), member.role, 'params.userId')
  await keepAnOwner(tx, organizationId, member)
  await takeOut(services, tx, organizationId, member)
  await audit(tx, context, {
    action: leaves ? 'member.left' : 'member.removed',
    targetType: 'member',
    targetId: userId,
    changes: { role: { from: member.role, to: null } },
  })
  await announceChange(tx, services.config.environment, `user:${userId}`)
}

/**
 * What removal and erasure have in common. The caller has locked the organization, made sure that an owner is left, and
 * announces the change of the user last.
 * @returns how many keys the member leaves behind
 */
export async function takeOut(
  services: MemberServices,
  tx: TenantTransaction,
  organizationId: string,
  member: MemberRow,
): Promise<number> {
  const [organization] = await findOrganization(tx, organizationId)
  await deleteMember(tx, organizationId, member.id)
  const keys = await markKeysOf(tx, organizationId, member.id)
  await withdrawInvitationsOf(tx, organizationId, member.id)
  if (keys.length > 0 && services.mailer.possible) {
    for (const owner of await listOwners(tx, organizationId)) {
      const about = { organizationName: organization?.name ?? '', member: member.name, keys }
      await services.mailer.send(
        tx,
        keysLeftBehindMail(owner.email, { ...about, publicUrl: services.publicUrl() }),
      )
    }
  }
  return keys.length
}

async function holdMember(tx: TenantTransaction, organizationId: string, userId: string) {
  await lockOrganization(tx, organizationId)
  const [member] = await findMember(tx, organizationId, userId)
  if (!member) throw notFound('Member')
  return { member }
}

/** @throws ApiError 409 where the member is the only owner; the caller has locked the organization */
async function keepAnOwner(tx: TenantTransaction, organizationId: string, member: MemberRow): Promise<void> {
  if (member.role !== 'owner') return
  const owners = await listOwners(tx, organizationId)
  if (owners.length > 1) return
  throw new ApiError('CONFLICT', 'This is the last owner: make somebody else an owner first', {
    reason: 'last_owner',
  })
}
