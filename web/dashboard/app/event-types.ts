/** Every type of event that there is. */
export const eventTypes = [
  'campaign.created',
  'campaign.updated',
  'invite.created',
  'invite.cancelled',
  'invite.expired',
  'interview.started',
  'interview.paused',
  'interview.completed',
  'interview.abandoned',
  'key.created',
  'key.rotated',
  'key.revoked',
  'key.expiring',
  'webhook.test',
] as const
/** One of them. */
export type EventType = (typeof eventTypes)[number]
