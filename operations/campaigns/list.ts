import Type from 'typebox'
import { listCampaigns as selectCampaigns } from '../../db/queries/campaigns.ts'
import { Campaign, campaignStatuses } from '../../schemas/campaigns.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { serializeCampaign } from './serialize.ts'

/** Lists campaigns, newest first. */
export const listCampaigns = readOperation({
  name: 'campaigns.list',
  summary: 'List campaigns',
  description: 'Lists campaigns, newest first, of every status or of one.',
  access: 'campaigns:read',
  input: Strict({ ...pageQuery, status: Type.Optional(Type.Enum([...campaignStatuses])) }),
  output: Page('campaigns', Campaign),
  example: { limit: 20, status: 'active' },
  async run({ read, organizationId }, { status = null, ...query }) {
    const page = readPage(query, 'cmp')
    const rows = await read((tx) => selectCampaigns(tx, organizationId, page, status))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { campaigns: items.map(serializeCampaign), nextCursor }
  },
})
