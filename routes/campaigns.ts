import Type from 'typebox'
import { listCampaigns } from '../db/queries/campaigns.ts'
import {
  archiveCampaign,
  createCampaign,
  getCampaign,
  patchCampaign,
  presentCampaign,
} from '../operations/campaigns/campaigns.ts'
import { endInterviewsOfArchived } from '../operations/campaigns/end-interviews.ts'
import { actorOf } from '../plugins/access.ts'
import { Campaign, CampaignCreate, CampaignPatch, campaignStatuses } from '../schemas/campaigns.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { Id } from '../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const params = Type.Object({ id: Id('cmp') })

/** Campaigns. */
export async function campaignRoutes(app: Api): Promise<void> {
  const { tenancy } = app

  app.post(
    '/campaigns',
    {
      config: { access: 'campaigns:write' },
      schema: {
        tags: ['Campaigns'],
        operationId: 'createCampaign',
        summary: 'Make a campaign',
        body: CampaignCreate,
        response: answers({ 201: Campaign }, 400, 401, 403, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 201, (tx, organizationId) =>
        createCampaign(tx, organizationId, request.body),
      ),
  )

  app.get(
    '/campaigns',
    {
      config: { access: 'campaigns:read' },
      schema: {
        tags: ['Campaigns'],
        operationId: 'listCampaigns',
        summary: 'List campaigns, newest first',
        querystring: Strict({ ...pageQuery, status: Type.Optional(Type.Enum([...campaignStatuses])) }),
        response: answers({ 200: Page('campaigns', Campaign) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const page = readPage(request.query, 'cmp')
      const { id } = actorOf(request).organization
      const rows = await tenancy.read(id, (tx) => listCampaigns(tx, id, page, request.query.status ?? null))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { campaigns: items.map(presentCampaign), nextCursor }
    },
  )

  app.get(
    '/campaigns/:id',
    {
      config: { access: 'campaigns:read' },
      schema: {
        tags: ['Campaigns'],
        operationId: 'getCampaign',
        summary: 'One campaign',
        params,
        response: answers({ 200: Campaign }, 400, 401, 403, 404, 429),
      },
    },
    (request) => getCampaign(tenancy, actorOf(request).organization.id, request.params.id),
  )

  app.patch(
    '/campaigns/:id',
    {
      config: { access: 'campaigns:write' },
      schema: {
        tags: ['Campaigns'],
        operationId: 'patchCampaign',
        summary: 'Change a campaign',
        params,
        body: CampaignPatch,
        response: answers({ 200: Campaign }, 400, 401, 403, 404, 409, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      const campaign = await tenancy.write(id, (tx) => patchCampaign(tx, id, request.params.id, request.body))
      if (campaign.status === 'archived') await endInterviewsOfArchived(tenancy, id, campaign.id)
      return campaign
    },
  )

  app.delete(
    '/campaigns/:id',
    {
      config: { access: 'campaigns:write' },
      schema: {
        tags: ['Campaigns'],
        operationId: 'archiveCampaign',
        summary: 'Archive a campaign',
        description:
          'Interviews that are under way end at once, and their sessions with them. To let candidates finish, set ' +
          '`status` to `completed` instead.',
        params,
        response: answers({ 200: Campaign }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      const campaign = await tenancy.write(id, (tx) => archiveCampaign(tx, id, request.params.id))
      await endInterviewsOfArchived(tenancy, id, campaign.id)
      return campaign
    },
  )
}
