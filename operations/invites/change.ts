import { findCampaign } from '../../db/queries/campaigns.ts'
import { holdCandidate } from '../../db/queries/candidates.ts'
import { findInterview } from '../../db/queries/interviews.ts'
import {
  extendInviteRow,
  findInvite,
  type InviteRow,
  replaceInviteTokens,
  setInviteStatus,
} from '../../db/queries/invites.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { ApiError, badRequest, notFound } from '../../schemas/errors.ts'
import type { Invite, InviteExtend, InviteResend, NewInvite } from '../../schemas/invites.ts'
import { type AuditContext, audit } from '../audit/audit.ts'
import { emit } from '../events/emit.ts'
import { abandonInterview } from '../interviews/progress.ts'
import { lockSettledInvite } from './expire.ts'
import { admitMail, type Inviter, type InviteServices, issueToken, mailInvite } from './invites.ts'
import { presentInvite, presentNewInvite } from './present.ts'
import { requireInviteTransition } from './states.ts'

const MOST_SENDINGS = 10

/**
 * Cancels an invite: its link ends, and so does an interview that is under way, at once.
 * @throws ApiError 404, or 409 for one that is open no longer
 */
export async function cancelInvite(
  services: InviteServices,
  tx: TenantTransaction,
  context: AuditContext,
  id: string,
): Promise<Invite> {
  const { organizationId } = context
  const invite = await lockInviteOf(services, tx, organizationId, id)
  if (invite.status === 'cancelled') return presentInvite(invite, services.publicUrl())
  requireInviteTransition(invite.status, 'cancelled')
  // Locks come in one order everywhere: invite, interview, campaign.
  if (invite.interviewId) await abandonInterview(tx, organizationId, invite.interviewId)
  await setInviteStatus(tx, organizationId, id, 'cancelled')
  const cancelled = presentInvite({ ...invite, status: 'cancelled' }, services.publicUrl())
  await emit(tx, organizationId, 'invite.cancelled', cancelled)
  await audit(tx, context, { action: 'invite.cancelled', targetType: 'invite', targetId: id })
  return cancelled
}

/**
 * Puts the end of a pending invite off; its link stays the same.
 * @throws ApiError 400 for an end that is not ahead or more than 720 hours from now; 404; 409 for one that is not pending
 */
export async function extendInvite(
  services: InviteServices,
  tx: TenantTransaction,
  context: AuditContext,
  id: string,
  body: InviteExtend,
): Promise<Invite> {
  const { organizationId } = context
  const before = await lockInviteOf(services, tx, organizationId, id)
  requirePending(before, 'extended')
  const until = body.hours === undefined ? { at: new Date(body.expiresAt as string) } : { hours: body.hours }
  const [extended] = await extendInviteRow(tx, organizationId, id, until)
  if (!extended) {
    const field = 'at' in until ? 'expiresAt' : 'hours'
    throw badRequest(`body.${field}`, 'must lead to an end that is ahead, at most 720 hours from now')
  }
  const after = await reread(tx, organizationId, id)
  await audit(tx, context, {
    action: 'invite.extended',
    targetType: 'invite',
    targetId: id,
    changes: { expiresAt: { from: before.expiresAt, to: after.expiresAt } },
  })
  return presentInvite(after, services.publicUrl())
}

/**
 * Makes a fresh link, which ends the one before at once, and mails it where this server sends e-mail. An invite whose interview is under way leads back
 * into that interview.
 * @throws ApiError 404; 409 for one that leads nowhere any more; 503 where the server sends no e-mail
 */
export async function resendInvite(
  services: InviteServices,
  tx: TenantTransaction,
  organization: Inviter,
  context: AuditContext,
  id: string,
  body: InviteResend,
): Promise<NewInvite> {
  const sendEmail = body.sendEmail ?? services.mailer.possible
  if (sendEmail) services.mailer.requireMail()
  // Locks come in one order everywhere: candidate, invite, interview, campaign.
  const { candidateId } = await reread(tx, organization.id, id)
  const [candidate] = await holdCandidate(tx, organization.id, { id: candidateId })
  const invite = await lockInviteOf(services, tx, organization.id, id)
  await requireUsable(tx, invite)
  if (sendEmail && invite.sentCount >= MOST_SENDINGS) {
    throw new ApiError('CONFLICT', `This invite was sent ${MOST_SENDINGS} times`)
  }
  await replaceInviteTokens(tx, organization.id, id)
  const token = await issueToken(tx, invite)
  if (sendEmail) {
    const [campaign] = await findCampaign(tx, organization.id, invite.campaignId)
    if (!candidate || !campaign) throw notFound('Candidate')
    await admitMail(tx, organization, campaign, candidate)
    await mailInvite(services, tx, organization, campaign, candidate, invite, token)
  }
  await audit(tx, context, { action: 'invite.resent', targetType: 'invite', targetId: id })
  return presentNewInvite(invite, services.publicUrl(), token)
}

async function lockInviteOf(
  services: InviteServices,
  tx: TenantTransaction,
  organizationId: string,
  id: string,
): Promise<InviteRow> {
  const invite = await lockSettledInvite(tx, organizationId, id, services.publicUrl())
  if (!invite) throw notFound('Invite')
  return invite
}

async function reread(tx: TenantTransaction, organizationId: string, id: string): Promise<InviteRow> {
  const [row] = await findInvite(tx, organizationId, id)
  if (!row) throw notFound('Invite')
  return row
}

function requirePending(invite: InviteRow, done: string): void {
  if (invite.status === 'pending') return
  throw new ApiError('CONFLICT', `An invite can't go from ${invite.status} to pending: it can't be ${done}`, {
    hint: 'Invite the candidate again for a fresh one',
  })
}

async function requireUsable(tx: TenantTransaction, invite: InviteRow): Promise<void> {
  if (invite.status !== 'started') return requirePending(invite, 'sent again')
  const [interview] = await findInterview(tx, invite.organizationId, invite.interviewId as string)
  if (interview?.status !== 'abandoned') return
  throw new ApiError('CONFLICT', 'An invite whose interview is abandoned cannot be sent again', {
    hint: 'Invite the candidate again for a fresh one',
  })
}
