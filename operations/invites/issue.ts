import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import { addToCount } from '../../db/queries/campaign-counts.ts'
import type { CampaignRow } from '../../db/queries/campaigns.ts'
import type { CandidateRow } from '../../db/queries/candidates.ts'
import { findInvitesOf, type InviteRow, insertInvite, insertInviteToken } from '../../db/queries/invites.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { NewInvite } from '../../schemas/invites.ts'
import type { Reporting } from '../core/effects.ts'
import { type Mailing, mailInvite } from './mail.ts'
import { serializeInvite, serializeNewInvite } from './serialize.ts'

/** What inviting works with: a transaction, what it reports, and the organization that invites. */
export interface Inviting extends Mailing {
  readonly emit: Reporting['emit']
}

/** A candidate who was asked and has not finished is not asked twice. @throws ApiError 409 */
export async function requireNoOpenInvite(
  tx: Queryable,
  campaign: CampaignRow,
  candidate: CandidateRow,
): Promise<void> {
  const { organizationId, id: campaignId } = campaign
  for (const row of await findInvitesOf(tx, organizationId, campaignId, candidate.id)) {
    const { id, status, interviewStatus } = row
    const open = status === 'pending' || (status === 'started' && interviewStatus !== 'abandoned')
    if (!open) continue
    throw new ApiError(
      'CONFLICT',
      `This candidate has an invite to this campaign already: ${id} is ${status}`,
      { hint: 'Resend it for a fresh link, or cancel it and invite again' },
    )
  }
}

/** Creates the invite of a candidate who may be invited. The campaign's row is locked. */
export async function issueInvite(
  inviting: Inviting,
  campaign: CampaignRow,
  candidate: CandidateRow,
  { hours, sendEmail }: { hours: number; sendEmail: boolean },
): Promise<NewInvite> {
  const { tx, emit, organization, services } = inviting
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
  if (sendEmail) await mailInvite(inviting, campaign, candidate, invite, token)
  emit('invite.created', serializeInvite(invite, services.publicUrl()))
  return serializeNewInvite(invite, services.publicUrl(), token)
}

/** A fresh token of an invite that has no open one. */
export async function issueToken(tx: Queryable, invite: InviteRow): Promise<string> {
  const { text } = generateCredential('inv_')
  await insertInviteToken(tx, invite.organizationId, invite.id, sha256(text))
  return text
}
