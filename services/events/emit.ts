import type { Queryable } from '../../db/connect.ts'

/** What organizations can be told of. */
export type EventType =
  | 'campaign.created'
  | 'campaign.updated'
  | 'invite.created'
  | 'invite.cancelled'
  | 'invite.expired'
  | 'interview.started'
  | 'interview.paused'
  | 'interview.completed'
  | 'interview.abandoned'
  | 'key.created'
  | 'key.rotated'
  | 'key.revoked'
  | 'key.expiring'
  | 'webhook.test'

/**
 * Tells an organization that something happened, when the transaction commits and not at all when it does not.
 * Nobody can subscribe yet: this is the one place that every room calls.
 * @param _tx the transaction of what happened
 * @param _data the object as the API shows it; never a secret
 */
export async function emit(
  _tx: Queryable,
  _organizationId: string,
  _type: EventType,
  _data: object,
): Promise<void> {}
