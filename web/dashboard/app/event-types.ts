import type { paths } from '../../openapi.d.ts'

type EventsQuery = NonNullable<paths['/api/events']['get']['parameters']['query']>
/** One of the types of event. */
export type EventType = NonNullable<EventsQuery['type']>

// By name, so that one too many or too few, against the API's own document, does not compile.
const all: Record<EventType, true> = {
  'campaign.created': true,
  'campaign.updated': true,
  'invite.created': true,
  'invite.cancelled': true,
  'invite.expired': true,
  'interview.started': true,
  'interview.paused': true,
  'interview.completed': true,
  'interview.abandoned': true,
  'key.created': true,
  'key.rotated': true,
  'key.revoked': true,
  'key.expiring': true,
  'webhook.test': true,
}

/** Every type of event that there is. */
export const eventTypes = Object.keys(all) as EventType[]
