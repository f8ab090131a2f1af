import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import { addToCount } from '../../db/queries/campaign-counts.ts'
import { type CampaignRow, lockCampaign } from '../../db/queries/campaigns.ts'
import { type CandidateRow, holdCandidate } from '../../db/queries/candidates.ts'
import {
  countSending,
  findInvitesOf,
  type InviteRow,
  insertInvite,
  insertInviteToken,
} from '../../db/queries/invites.ts'
import { ApiError, badRequest, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { InviteCreate, NewInvite } from '../../schemas/invites.ts'
import { findOrCreateCandidate } from '../candidates/find-or-create.ts'
import { emit } from '../events/emit.ts'
import { takeAllowance } from '../mail/allowances.ts'
import { inviteMail } from '../mail/invite-messages.ts'
import { refuseLinks } from '../mail/links.ts'
import type { Mailer } from '../mail/mailer.ts'
import { linkOf, presentInvite, presentNewInvite } from './present.ts'

/** What inviting needs besides a transaction. */
export interface InviteServices {
  readonly mailer: Mailer
  publicUrl(): string
}

/** The organization that invites, as its e-mail names it. */
export interface Inviter {
  readonly id: string
  readonly name: string
}

/**
 * Invites a candidate, who is made where there is none of that e-mail address yet.
 * @throws ApiError 400 where not exactly one of `candidateId` and `candidate` is given; 404; 409 where the campaign is not
 *   active or the candidate has an open invite to it; 503 for an e-mail that this server can't send
 */
export async function createInvite(
  services: InviteServices,
  tx: Queryable,
  organization: Inviter,
  campaignId: string,
  body: InviteCreate,
): Promise<NewInvite> {
  if ((body.candidateId === undefined) === (body.candidate === undefined)) {
    throw badRequest('body', 'needs either candidateId or candidate')
  }
  if (body.sendEmail) services.mailer.requireMail()
  const candidate = await candidateOf(tx, organization.id, body)
  const campaign = await lockActiveCampaign(tx, organization.id, campaignId)
  await requireNoOpenInvite(tx, campaign, candidate)
  if (body.sendEmail) await admitMail(tx, organization, campaign, candidate)
  return invite(services, tx, organization, campaign, candidate, {
    hours: body.expiresInHours ?? campaign.inviteValidHours,
    sendEmail: body.sendEmail ?? false,
  })
}

/**
 * A campaign that may be invited to, locked: its counts are about to change.
 * @throws ApiError 404, or 409 where it is not active
 */
export async function lockActiveCampaign(
  tx: Queryable,
  organizationId: string,
  id: string,
): Promise<CampaignRow> {
  const [campaign] = await lockCampaign(tx, organizationId, id)
  if (!campaign) throw notFound('Campaign')
  if (campaign.status !== 'active') {
    throw new ApiError(
      'CONFLICT',
      `This campaign is ${campaign.status}: candidates are invited to an active one`,
    )
  }
  return campaign
}

/** Who has been asked and has not finished is not asked twice. @throws ApiError 409 */
export async function requireNoOpenInvite(
  tx: Queryable,
  campaign: CampaignRow,
  candidate: CandidateRow,
): Promise<void> {
  for (const { id, status, interviewStatus } of await findInvitesOf(
    tx,
    campaign.organizationId,
    campaign.id,
    candidate.id,
  )) {
    const open = status === 'pending' || (status === 'started' && interviewStatus !== 'abandoned')
    if (!open) continue
    throw new ApiError(
      'CONFLICT',
      `This candidate has an invite to this campaign already: ${id} is ${status}`,
      {
        hint: 'Resend it for a fresh link, or cancel it and invite again',
      },
    )
  }
}

/** Makes the invite of a candidate who may be invited. The campaign's row is locked. */
export async function invite(
  services: InviteServices,
  tx: Queryable,
  organization: Inviter,
  campaign: CampaignRow,
  candidate: CandidateRow,
  { hours, sendEmail }: { hours: number; sendEmail: boolean },
): Promise<NewInvite> {
  const [row] = await insertInvite(tx, {
    organizationId: organization.id,
    id: newId('inv'),
    campaignId: campaign.id,
    candidateId: candidate.id,
    hours,
  })
  const invite = row as InviteRow
  await addToCount(tx, organization.id, campaign.id, 'invited')
  const token = await issueToken(tx, invite)
  if (sendEmail) await mailInvite(services, tx, organization, campaign, candidate, invite, token)
  await emit(tx, organization.id, 'invite.created', presentInvite(invite, services.publicUrl()))
  return presentNewInvite(invite, services.publicUrl(), token)
}

/** A fresh token of an invite that has no open one. */
export async function issueToken(tx: Queryable, invite: InviteRow): Promise<string> {
  const { text } = generateCredential('inv_')
  await insertInviteToken(tx, invite.organizationId, invite.id, sha256(text))
  return text
}

/**
 * Takes the allowance of a message to a candidate, before anything is written: in a file, one row fails alone.
 * @throws ApiError 429; 400 where a name contains a link
 */
export async function admitMail(
  tx: Queryable,
  organization: Inviter,
  campaign: CampaignRow,
  candidate: CandidateRow,
): Promise<void> {
  refuseLinks({
    'organization.name': organization.name,
    'campaign.name': campaign.name,
    'candidate.name': candidate.name,
  })
  await takeAllowance(tx, 'invite', candidate.email, organization.id)
}

/** Sends the candidate the link. The allowance was taken before. */
export async function mailInvite(
  services: InviteServices,
  tx: Queryable,
  organization: Inviter,
  campaign: CampaignRow,
  candidate: CandidateRow,
  invite: InviteRow,
  token: string,
): Promise<void> {
  await services.mailer.sendAdmitted(
    tx,
    inviteMail(candidate.email, {
      organizationName: organization.name,
      campaignName: campaign.name,
      candidateName: candidate.name,
      link: linkOf(services.publicUrl(), token),
      expiresAt: invite.expiresAt,
    }),
  )
  await countSending(tx, organization.id, invite.id)
}

async function candidateOf(tx: Queryable, organizationId: string, body: InviteCreate): Promise<CandidateRow> {
  if (body.candidate) return findOrCreateCandidate(tx, organizationId, body.candidate)
  const [candidate] = await holdCandidate(tx, organizationId, { id: body.candidateId as string })
  if (!candidate) throw notFound('Candidate')
  return candidate
}
