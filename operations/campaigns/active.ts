import type { Queryable } from '../../db/connect.ts'
import { type CampaignRow, lockCampaign } from '../../db/queries/campaigns.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'

/**
 * A campaign to which you can invite, locked: its counts are about to change.
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
