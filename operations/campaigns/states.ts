import type { Campaign } from '../../schemas/campaigns.ts'

/** From each status of a campaign, where it may go. */
export const campaignTransitions: Record<Campaign['status'], readonly string[]> = {
  draft: ['active', 'archived'],
  active: ['paused', 'completed', 'archived'],
  paused: ['active', 'completed', 'archived'],
  completed: ['active', 'archived'],
  archived: [],
}
