import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import {
  type InvitationRow,
  insertInvitation,
  lockInvitation,
  renewInvitation,
  withdrawExpired,
  withdrawInvitation as withdrawRow,
} from '../../db/queries/invitations.ts'
import { findMemberByEmail } from '../../db/queries/members.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { Invitation, InvitationCreate, SentInvitation } from '../../schemas/members.ts'
import { type AuditContext, audit } from '../audit/audit.ts'
import type { Services } from '../core/services.ts'
import type { Actor } from '../credentials/principals.ts'
import { invitationMail } from '../mail/member-messages.ts'
import { takeRoom } from '../plans/room.ts'
import { authorityOf, requireAuthority, requireGift } from './authority.ts'

type InvitationServices = Pick<Services, 'config' | 'mailer' | 'publicUrl'>

const DAYS = 7
const DAY_SECONDS = 86_400
const MOST_SENDINGS = 10

/** An invitation as the API shows it. */
export function presentInvitation(row: InvitationRow): Invitation {
  const { id, email, role, status, invitedBy, createdAt, expiresAt, acceptedAt } = row
  return { id, email, role, status, invitedBy, createdAt, expiresAt, acceptedAt }
}

/**
 * Invites someone by e-mail, for seven days.
 * @throws ApiError 403 for a role that allows more than the actor may do, or a full plan; 409 where they are a member or were invited
 *   already; 503 where the server sends no e-mail
 */
export async function invite(
  services: InvitationServices,
  tx: TenantTransaction,
  actor: Actor,
  context: AuditContext,
  body: InvitationCreate,
): Promise<SentInvitation> {
  services.mailer.requireMail()
  const { id: organizationId } = actor.organization
  requireGift(await authorityOf(tx, actor), actor, body.role, 'body.role')
  await takeRoom(tx, services.config.environment.name, organizationId, 'members')
  const email = body.email.toLowerCase()
  if ((await findMemberByEmail(tx, organizationId, email)).length > 0) {
    throw new ApiError('CONFLICT', 'A user with this e-mail address is a member already', {
      reason: 'member_exists',
    })
  }
  await withdrawExpired(tx, organizationId, email)
  const { text: token } = generateCredential('mt_')
  const [row] = await insertInvitation(tx, {
    organizationId,
    id: newId('minv'),
    email,
    role: body.role,
    tokenHash: sha256(token),
    invitedBy: actor.user?.id ?? null,
    invitedByKey: actor.key?.keyId ?? null,
    seconds: DAYS * DAY_SECONDS,
  })
  if (!row)
    throw new ApiError('CONFLICT', 'This address was invited already: resend or withdraw that invitation', {
      reason: 'invitation_exists',
    })
  const sent = await send(services, tx, actor, row, token)
  await audit(tx, context, {
    action: 'member.invited',
    targetType: 'invitation',
    targetId: row.id,
    changes: { role: { from: null, to: row.role } },
  })
  return sent
}

/**
 * Sends an invitation again, with a new token and for seven more days: the link that was sent before ends.
 * @throws ApiError 404; 403 as for inviting; 409 where it was accepted or withdrawn, or sent ten times
 */
export async function resendInvitation(
  services: InvitationServices,
  tx: TenantTransaction,
  actor: Actor,
  context: AuditContext,
  id: string,
): Promise<SentInvitation> {
  services.mailer.requireMail()
  const { id: organizationId } = actor.organization
  const invitation = await lockOpen(tx, organizationId, id)
  requireGift(await authorityOf(tx, actor), actor, invitation.role, 'params.id')
  if (invitation.sentCount >= MOST_SENDINGS) {
    throw new ApiError(
      'CONFLICT',
      `This invitation was sent ${MOST_SENDINGS} times: withdraw it and make a new one`,
    )
  }
  const { text: token } = generateCredential('mt_')
  const [row] = await renewInvitation(tx, organizationId, id, sha256(token), DAYS * DAY_SECONDS)
  const sent = await send(services, tx, actor, row as InvitationRow, token)
  await audit(tx, context, { action: 'member.invitation_resent', targetType: 'invitation', targetId: id })
  return sent
}

/**
 * Withdraws an invitation: its link ends.
 * @throws ApiError 404; 403 for a role above the actor's own; 409 where it was accepted or withdrawn
 */
export async function withdrawInvitation(
  tx: TenantTransaction,
  actor: Actor,
  context: AuditContext,
  id: string,
): Promise<void> {
  const { id: organizationId } = actor.organization
  const invitation = await lockOpen(tx, organizationId, id)
  requireAuthority(await authorityOf(tx, actor), invitation.role, 'params.id')
  await withdrawRow(tx, organizationId, id)
  await audit(tx, context, { action: 'member.invitation_withdrawn', targetType: 'invitation', targetId: id })
}

async function lockOpen(tx: TenantTransaction, organizationId: string, id: string): Promise<InvitationRow> {
  const [invitation] = await lockInvitation(tx, organizationId, id)
  if (!invitation) throw notFound('Invitation')
  if (invitation.status === 'accepted' || invitation.status === 'withdrawn') {
    throw new ApiError('CONFLICT', `This invitation was ${invitation.status}`)
  }
  return invitation
}

async function send(
  services: InvitationServices,
  tx: TenantTransaction,
  actor: Actor,
  row: InvitationRow,
  token: string,
): Promise<SentInvitation> {
  const { environment, smtpUrl } = services.config
  await services.mailer.send(
    tx,
    invitationMail(row.email, {
      organizationName: actor.organization.name,
      role: row.role,
      inviter: actor.user?.name ?? null,
      publicUrl: services.publicUrl(),
      token,
      days: DAYS,
    }),
  )
  // Without a mail server the message is in the server's log alone, out of reach of who tries the API out.
  const shown = environment.name === 'sandbox' && smtpUrl === null
  return shown ? { ...presentInvitation(row), token } : presentInvitation(row)
}
