import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'

/**
 * Lock the webhooks of deliveries, in the order of ids, before you change or delete the deliveries. Two transactions then
 * never wait for each other's deliveries, in whatever order their statements take the rows. Deliveries of a new event
 * need no lock: no other transaction sees them yet. See docs/locks.md.
 */

/** A webhook and its organization. */
export interface WebhookKey {
  readonly organizationId: string
  readonly webhookId: string
}

/**
 * Locks webhooks of one organization until the transaction ends.
 * @param ids null: every webhook that the organization has
 */
export async function lockWebhooks(
  tx: Queryable,
  organizationId: string,
  ids: readonly string[] | null,
): Promise<void> {
  locking(tx, 'webhook', organizationId)
  await tx`
    select from webhooks
    where organization_id = ${organizationId} and (${ids as string[] | null}::text[] is null or id = any(${ids as string[] | null}))
    order by id for no key update`
}

/** The same across organizations, for jobs. */
export async function lockWebhooksOfMany(tx: Queryable, webhooks: readonly WebhookKey[]): Promise<void> {
  noteOrganizations(tx, webhooks)
  await tx`
    select from webhooks
    where (organization_id, id) in (
      select * from unnest(${webhooks.map(({ organizationId }) => organizationId)}::text[],
        ${webhooks.map(({ webhookId }) => webhookId)}::text[]))
    order by organization_id, id for no key update`
}

/** Locks the webhooks that have a delivery of an event older than so many days, in every organization. */
export async function lockWebhooksOfOldEvents(tx: Queryable, days: number): Promise<void> {
  const locked = await tx<WebhookKey[]>`
    select organization_id, id as webhook_id from webhooks
    where (organization_id, id) in (
      select deliveries.organization_id, webhook_id from events
      join deliveries on deliveries.organization_id = events.organization_id and event_id = events.id
      where events.created_at < now() - make_interval(days => ${days}))
    order by organization_id, id for no key update`
  noteOrganizations(tx, locked)
}

function noteOrganizations(tx: Queryable, webhooks: readonly WebhookKey[]): void {
  for (const id of new Set(webhooks.map(({ organizationId }) => organizationId))) locking(tx, 'webhook', id)
}
