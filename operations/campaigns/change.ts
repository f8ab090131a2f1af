import Type from 'typebox'
import {
  type CampaignFields,
  type CampaignRow,
  lockCampaign,
  updateCampaign,
} from '../../db/queries/campaigns.ts'
import { Campaign, CampaignPatch } from '../../schemas/campaigns.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Strict } from '../../schemas/primitives.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { endInterviewsOfArchived } from './end-interviews.ts'
import { numberQuestions } from './questions.ts'
import { serializeCampaign } from './serialize.ts'
import { campaignTransitions } from './states.ts'

/** Changes what the patch names. The campaign is locked from the read to the write, so that no change is lost. */
export const patchCampaign = writeOperation({
  name: 'campaigns.update',
  summary: 'Change a campaign',
  description:
    'Changes the fields that you name. Interviews that have started keep the questions that they started with.',
  access: 'campaigns:write',
  errors: [409],
  input: Strict({ id: Id('cmp'), ...CampaignPatch.properties }, { minProperties: 2 }),
  output: Campaign,
  example: { status: 'paused' },
  async run(context, { id, ...patch }) {
    const row = await lock(context, id)
    const next: CampaignFields = {
      name: patch.name ?? row.name,
      description: patch.description === undefined ? row.description : patch.description,
      status: patch.status ?? row.status,
      language: patch.language ?? row.language,
      questions: patch.questions ? numberQuestions(patch.questions) : row.questions,
      inviteValidHours: patch.inviteValidHours ?? row.inviteValidHours,
      metadata: patch.metadata ?? row.metadata,
    }
    const possible = campaignTransitions[row.status as Campaign['status']]
    if (next.status !== row.status && !possible.includes(next.status)) {
      throw new ApiError('CONFLICT', `A campaign cannot go from ${row.status} to ${next.status}`, {
        reason: 'campaign_status',
      })
    }
    return store(context, id, next)
  },
})

/** Archives a campaign. One that is archived already stays as it is. */
export const archiveCampaign = writeOperation({
  name: 'campaigns.archive',
  summary: 'Archive a campaign',
  description:
    'Interviews that are under way end at once, and their sessions with them. To let candidates finish, set ' +
    '`status` to `completed` instead. An archived campaign stays readable.',
  access: 'campaigns:write',
  input: Type.Object({ id: Id('cmp') }),
  output: Campaign,
  async run(context, { id }) {
    const row = await lock(context, id)
    if (row.status === 'archived') {
      // A crash may have left interviews open after the campaign was archived.
      context.afterCommit(() => endInterviewsOfArchived(context.services.tenancy, context.organizationId, id))
      return serializeCampaign(row)
    }
    return store(context, id, { ...row, status: 'archived' })
  },
})

async function lock({ tx, organizationId }: WriteContext, id: string): Promise<CampaignRow> {
  const [row] = await lockCampaign(tx, organizationId, id)
  if (!row) throw notFound('Campaign')
  return row
}

async function store(context: WriteContext, id: string, fields: CampaignFields): Promise<Campaign> {
  const { tx, organizationId, services, emit, afterCommit } = context
  const [row] = await updateCampaign(tx, organizationId, id, fields)
  const campaign = serializeCampaign(row as CampaignRow)
  emit('campaign.updated', campaign)
  if (campaign.status === 'archived') {
    afterCommit(() => endInterviewsOfArchived(services.tenancy, organizationId, id))
  }
  return campaign
}
