import type { CampaignRow } from '../../db/queries/campaigns.ts'
import type { Campaign } from '../../schemas/campaigns.ts'

/** A campaign as the API shows it. */
export function serializeCampaign(row: CampaignRow): Campaign {
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
