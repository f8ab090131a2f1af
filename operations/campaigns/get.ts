import Type from 'typebox'
import { findCampaign } from '../../db/queries/campaigns.ts'
import { Campaign } from '../../schemas/campaigns.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { readOperation } from '../core/operation.ts'
import { serializeCampaign } from './serialize.ts'

/** Shows one campaign. */
export const getCampaign = readOperation({
  name: 'campaigns.get',
  summary: 'Get a campaign',
  description:
    'Shows the campaign with its questions, and how many candidates were invited, started and completed.',
  access: 'campaigns:read',
  input: Type.Object({ id: Id('cmp') }),
  output: Campaign,
  async run({ read, organizationId }, { id }) {
    const [row] = await read((tx) => findCampaign(tx, organizationId, id))
    if (!row) throw notFound('Campaign')
    return serializeCampaign(row)
  },
})
