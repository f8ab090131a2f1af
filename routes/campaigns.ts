import { archiveCampaign, patchCampaign } from '../operations/campaigns/change.ts'
import { createCampaign } from '../operations/campaigns/create.ts'
import { getCampaign } from '../operations/campaigns/get.ts'
import { listCampaigns } from '../operations/campaigns/list.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Campaigns. */
export async function campaignRoutes(app: Api): Promise<void> {
  rest(app, 'POST /campaigns', createCampaign, { status: 201 })
  rest(app, 'GET /campaigns', listCampaigns)
  rest(app, 'GET /campaigns/:id', getCampaign)
  rest(app, 'PATCH /campaigns/:id', patchCampaign)
  rest(app, 'DELETE /campaigns/:id', archiveCampaign)
}
