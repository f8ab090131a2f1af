import type { Queryable } from '../../db/connect.ts'
import type { CampaignRow } from '../../db/queries/campaigns.ts'
import type { CandidateRow } from '../../db/queries/candidates.ts'
import { countSending, type InviteRow } from '../../db/queries/invites.ts'
import type { Services } from '../core/services.ts'
import { takeAllowance } from '../mail/allowances.ts'
import { inviteMail } from '../mail/invite-messages.ts'
import { refuseLinks } from '../mail/links.ts'
import { linkOf } from './serialize.ts'

/** The organization that invites, as its e-mail names it. */
export interface Inviter {
  readonly id: string
  readonly name: string
}

/** What a message to a candidate needs. */
export interface Mailing {
  readonly tx: Queryable
  readonly organization: Inviter
  readonly services: Pick<Services, 'mailer' | 'publicUrl'>
}

/**
 * Takes the allowance of a message to a candidate, before anything is written: in a file, one row fails alone.
 * @throws ApiError 429; 400 where a name contains a link
 */
export async function admitMail(
  { tx, organization }: Mailing,
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
  { tx, organization, services }: Mailing,
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
