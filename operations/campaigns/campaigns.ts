import {
  type CampaignFields,
  type CampaignRow,
  findCampaign,
  insertCampaign,
  lockCampaign,
  updateCampaign,
} from '../../db/queries/campaigns.ts'
import type { Question } from '../../db/schema/campaigns.ts'
import type { Tenancy, TenantTransaction } from '../../db/tenant.ts'
import type { Campaign, CampaignCreate, CampaignPatch, QuestionInput } from '../../schemas/campaigns.ts'
import { ApiError, badRequest, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import { emit } from '../events/emit.ts'
import { campaignTransitions } from './states.ts'

const DEFAULT_VALID_HOURS = 168

/** A campaign as the API shows it. */
export function presentCampaign(row: CampaignRow): Campaign {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    status: row.status as Campaign['status'],
    language: row.language,
    questions: row.questions,
    inviteValidHours: row.inviteValidHours,
    metadata: row.metadata,
    counts: {
      invited: row.invitedCount,
      started: row.startedCount,
      completed: row.completedCount,
      expired: row.expiredCount + row.dueCount,
    },
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}

/** Makes a campaign, `active` unless told `draft`. */
export async function createCampaign(
  tx: TenantTransaction,
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
  const campaign = presentCampaign(row as CampaignRow)
  await emit(tx, organizationId, 'campaign.created', campaign)
  return campaign
}

/** @throws ApiError 404 where the organization has no such campaign */
export async function getCampaign(tenancy: Tenancy, organizationId: string, id: string): Promise<Campaign> {
  const [row] = await tenancy.read(organizationId, (tx) => findCampaign(tx, organizationId, id))
  if (!row) throw notFound('Campaign')
  return presentCampaign(row)
}

/**
 * Changes what the patch names. The row is locked from the read to the write, so that of two changes at once
 * none is lost.
 * @throws ApiError 404, or 409 for a status that can't follow the present one
 */
export async function patchCampaign(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
  patch: CampaignPatch,
): Promise<Campaign> {
  const [row] = await lockCampaign(tx, organizationId, id)
  if (!row) throw notFound('Campaign')
  const next: CampaignFields = {
    name: patch.name ?? row.name,
    description: patch.description === undefined ? row.description : patch.description,
    status: patch.status ?? row.status,
    language: patch.language ?? row.language,
    questions: patch.questions ? numberQuestions(patch.questions) : row.questions,
    inviteValidHours: patch.inviteValidHours ?? row.inviteValidHours,
    metadata: patch.metadata ?? row.metadata,
  }
  if (
    next.status !== row.status &&
    !campaignTransitions[row.status as Campaign['status']].includes(next.status)
  ) {
    throw new ApiError('CONFLICT', `A campaign can't go from ${row.status} to ${next.status}`)
  }
  return writeCampaign(tx, organizationId, id, next)
}

/** Archives a campaign; one that is archived already stays as it is. */
export async function archiveCampaign(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
): Promise<Campaign> {
  const [row] = await lockCampaign(tx, organizationId, id)
  if (!row) throw notFound('Campaign')
  if (row.status === 'archived') return presentCampaign(row)
  return writeCampaign(tx, organizationId, id, { ...row, status: 'archived' })
}

async function writeCampaign(
  tx: TenantTransaction,
  organizationId: string,
  id: string,
  fields: CampaignFields,
): Promise<Campaign> {
  const [row] = await updateCampaign(tx, organizationId, id, fields)
  const campaign = presentCampaign(row as CampaignRow)
  await emit(tx, organizationId, 'campaign.updated', campaign)
  return campaign
}

function numberQuestions(questions: readonly QuestionInput[]): Question[] {
  const taken = new Set(questions.map((question) => question.id))
  const used = new Set<string>()
  let number = 0
  return questions.map((question, index) => {
    const path = `body.questions.${index}`
    if ((question.kind === 'choice') !== (question.options !== undefined)) {
      throw badRequest(
        `${path}.options`,
        question.kind === 'choice' ? 'is required for a choice' : 'is for a choice alone',
      )
    }
    let id = question.id
    while (id === undefined) {
      number += 1
      if (!taken.has(`q${number}`)) id = `q${number}`
    }
    if (used.has(id)) throw badRequest(`${path}.id`, 'is used by another question')
    used.add(id)
    return { ...question, id } as Question
  })
}
