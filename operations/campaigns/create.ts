import { type CampaignFields, type CampaignRow, insertCampaign } from '../../db/queries/campaigns.ts'
import { Campaign, CampaignCreate } from '../../schemas/campaigns.ts'
import { newId } from '../../schemas/ids.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { numberQuestions } from './questions.ts'
import { serializeCampaign } from './serialize.ts'

const DEFAULT_VALID_HOURS = 168

/** Creates a campaign. */
export const createCampaign = writeOperation({
  name: 'campaigns.create',
  summary: 'Create a campaign',
  description:
    'A campaign holds the questions of an interview. It is `active` unless you create it as a `draft`, and an active ' +
    'campaign can invite candidates. Questions without an `id` get `q1`, `q2` and so on.',
  access: 'campaigns:write',
  input: CampaignCreate,
  output: Campaign,
  example: {
    name: 'Platform engineer, Berlin',
    questions: [
      { prompt: 'Tell us about a service that you kept running.', kind: 'video', timeLimitSeconds: 180 },
      { prompt: 'Which language do you use most?', kind: 'choice', options: ['Go', 'Rust', 'TypeScript'] },
    ],
  },
  run: (context, body) => storeCampaign(context, context.organizationId, body),
})

/** Stores a campaign, and reports it. */
export async function storeCampaign(
  { tx, emit }: Pick<WriteContext, 'tx' | 'emit'>,
  organizationId: string,
  body: CampaignCreate,
): Promise<Campaign> {
  const fields: CampaignFields = {
    name: body.name,
    description: body.description ?? null,
    status: body.status ?? 'active',
    language: body.language ?? 'en',
    questions: numberQuestions(body.questions ?? []),
    inviteValidHours: body.inviteValidHours ?? DEFAULT_VALID_HOURS,
    metadata: body.metadata ?? {},
  }
  const [row] = await insertCampaign(tx, organizationId, newId('cmp'), fields)
  const campaign = serializeCampaign(row as CampaignRow)
  emit('campaign.created', campaign)
  return campaign
}
