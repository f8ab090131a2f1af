import type { Queryable } from '../../db/connect.ts'
import { addToCount } from '../../db/queries/campaign-counts.ts'
import { type CampaignRow, lockCampaign } from '../../db/queries/campaigns.ts'
import { insertInterview } from '../../db/queries/interviews.ts'
import { type InviteRow, setInviteStatus } from '../../db/queries/invites.ts'
import { newId } from '../../schemas/ids.ts'
import { lockSettledInterview, moveInterview } from '../interviews/progress.ts'
import { requireInviteTransition } from '../invites/states.ts'
import { requireActiveCampaign } from './invite.ts'

/** Begins the interview of an invite that is pending and locked. @throws ApiError 401 where its campaign is not active */
export async function beginInterview(tx: Queryable, invite: InviteRow): Promise<string> {
  const { organizationId, id: inviteId, campaignId, candidateId } = invite
  const [campaign] = await lockCampaign(tx, organizationId, campaignId)
  requireActiveCampaign(campaign?.status)
  requireInviteTransition(invite.status, 'started')
  const id = newId('int')
  const { name: title, language, questions } = campaign as CampaignRow
  await insertInterview(tx, {
    organizationId,
    id,
    campaignId,
    candidateId,
    inviteId,
    title,
    language,
    questions,
  })
  await setInviteStatus(tx, organizationId, inviteId, 'started')
  await addToCount(tx, organizationId, campaignId, 'started')
  const row = await lockSettledInterview(tx, organizationId, id)
  if (row) await moveInterview(tx, row, 'in_progress', row.now)
  return id
}
