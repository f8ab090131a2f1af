import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { webhooks } from '../schema/webhooks.ts'
import { timeOf } from './clock.ts'

/** An endpoint as stored, with its organization's time. */
export type WebhookRow = typeof webhooks.$inferSelect & { now: Date }

const columns = (tx: Queryable, organizationId: string) =>
  tx`webhooks.*, ${timeOf(tx, organizationId)} as now`

/** What a caller may set on an endpoint. */
export type WebhookFields = Pick<WebhookRow, 'url' | 'description' | 'events'>

export function insertWebhook(
  tx: Queryable,
  organizationId: string,
  id: string,
  fields: WebhookFields,
  secrets: Buffer,
) {
  return tx<WebhookRow[]>`
    insert into webhooks (organization_id, id, url, description, events, secrets, created_at, updated_at)
    select ${organizationId}, ${id}, ${fields.url}, ${fields.description}, ${fields.events}, ${secrets}, now, now
    from organization_now(${organizationId}) as now
    returning ${columns(tx, organizationId)}`
}

/** A page of endpoints, newest first. */
export function listWebhooks(tx: Queryable, organizationId: string, page: PageRequest) {
  return tx<WebhookRow[]>`
    select ${columns(tx, organizationId)} from webhooks
    where organization_id = ${organizationId} and (${page.after}::text is null or id < ${page.after})
    order by id desc limit ${page.limit + 1}`
}

/** One endpoint, or no row. */
export function findWebhook(tx: Queryable, organizationId: string, id: string) {
  return tx<WebhookRow[]>`
    select ${columns(tx, organizationId)} from webhooks where organization_id = ${organizationId} and id = ${id}`
}

/** Where deliveries of an endpoint go; `quiet`: nowhere, as it is disabled or wants to be left alone for now. */
export function findTarget(db: Queryable, organizationId: string, id: string) {
  return db<{ url: string; secrets: Buffer; quiet: boolean; now: Date }[]>`
    select url, secrets, disabled_at is not null or coalesce(paused_until > now, false) as quiet, now
    from organization_now(${organizationId}) as now, webhooks where organization_id = ${organizationId} and id = ${id}`
}

/** One endpoint, locked until the transaction ends. */
export function lockWebhook(tx: Queryable, organizationId: string, id: string) {
  locking(tx, 'webhook', organizationId)
  return tx<WebhookRow[]>`
    select ${columns(tx, organizationId)} from webhooks
    where organization_id = ${organizationId} and id = ${id} for update`
}

/** The newest endpoint that is enabled. */
export function findEnabledWebhook(tx: Queryable, organizationId: string) {
  return tx<WebhookRow[]>`
    select ${columns(tx, organizationId)} from webhooks where organization_id = ${organizationId} and disabled_at is null
    order by id desc limit 1`
}

/** How many endpoints there are. */
export async function countWebhooks(tx: Queryable, organizationId: string): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int as count from webhooks where organization_id = ${organizationId}`
  return row?.count ?? 0
}

/** Writes what a caller may set. Another URL is another receiver: what was held against the old one is forgotten. */
export function updateWebhook(tx: Queryable, organizationId: string, id: string, fields: WebhookFields) {
  return tx<WebhookRow[]>`
    update webhooks set url = ${fields.url}, description = ${fields.description}, events = ${fields.events},
      failing_since = case when url = ${fields.url} then failing_since end,
      warned_at = case when url = ${fields.url} then warned_at end,
      paused_until = case when url = ${fields.url} then paused_until end,
      updated_at = ${timeOf(tx, organizationId)}
    where organization_id = ${organizationId} and id = ${id}
    returning ${columns(tx, organizationId)}`
}

/** Disables an endpoint for a reason, or enables it with a clean slate. */
export function setDisabled(
  tx: Queryable,
  organizationId: string,
  id: string,
  reason: WebhookRow['disabledReason'],
) {
  return tx<WebhookRow[]>`
    update webhooks set disabled_reason = ${reason},
      disabled_at = case when ${reason}::text is not null then ${timeOf(tx, organizationId)} end,
      failing_since = case when ${reason}::text is not null then failing_since end,
      warned_at = case when ${reason}::text is not null then warned_at end,
      paused_until = null, updated_at = ${timeOf(tx, organizationId)}
    where organization_id = ${organizationId} and id = ${id}
    returning ${columns(tx, organizationId)}`
}

/** Replaces an endpoint's sealed secrets. */
export function updateSecrets(tx: Queryable, organizationId: string, id: string, secrets: Buffer) {
  return tx<WebhookRow[]>`
    update webhooks set secrets = ${secrets}, updated_at = ${timeOf(tx, organizationId)}
    where organization_id = ${organizationId} and id = ${id}
    returning ${columns(tx, organizationId)}`
}

/** Removes an endpoint with all that waits for it. */
export async function deleteWebhook(tx: Queryable, organizationId: string, id: string): Promise<void> {
  await tx`delete from webhooks where organization_id = ${organizationId} and id = ${id}`
  await tx`delete from deliveries where organization_id = ${organizationId} and webhook_id = ${id}`
}

/** What the last outcomes of an endpoint say about it. */
export interface Health {
  readonly organizationId: string
  readonly id: string
  /** Whether the last attempt arrived. */
  readonly well: boolean
  /** Whether one before it did, in the same batch. */
  readonly wellBefore: boolean
  /** Seconds that the receiver wants to be left alone for, or null. */
  readonly pauseSeconds: number | null
}

/** An endpoint that has failed for long. */
export interface Failing {
  readonly organizationId: string
  readonly id: string
  readonly url: string
  readonly failingSince: Date
  /** The organization's time. */
  readonly now: Date
  /** Its owners are to be told that it is about to be disabled. */
  readonly warn: boolean
  /** It is to be disabled. */
  readonly disable: boolean
}

/**
 * Notes how endpoints do. One that has failed for four days without a success is warned of, and disabled after five,
 * a day after the warning at the earliest.
 * @returns those of which something is to be done
 */
export async function noteHealth(tx: Queryable, health: readonly Health[]): Promise<Failing[]> {
  const rows = await tx<Failing[]>`
    with said as (
      select * from jsonb_to_recordset(${tx.json(health as never)})
        as said("organizationId" text, id text, well boolean, "wellBefore" boolean, "pauseSeconds" float8),
        organization_now("organizationId") as own),
    noted as (
      update webhooks set
        failing_since = case when well then null when "wellBefore" then own else coalesce(failing_since, own) end,
        warned_at = case when well or "wellBefore" then null else warned_at end,
        paused_until = case when "pauseSeconds" is null then paused_until
          else greatest(paused_until, own + make_interval(secs => "pauseSeconds")) end
      from said
      where webhooks.organization_id = said."organizationId" and webhooks.id = said.id
        and (not well or failing_since is not null or "pauseSeconds" is not null)
      returning webhooks.*, own as now)
    select organization_id, id, url, failing_since, now,
      failing_since < now - interval '4 days' and warned_at is null as warn,
      failing_since < now - interval '5 days' and coalesce(warned_at < now - interval '1 day', false) as disable
    from noted where disabled_at is null and failing_since < now - interval '4 days'`
  return rows.filter(({ warn, disable }) => warn || disable)
}

/** Keeps that the owners were told of the coming end. */
export function markWarned(tx: Queryable, organizationId: string, id: string) {
  return tx`
    update webhooks set warned_at = ${timeOf(tx, organizationId)} where organization_id = ${organizationId} and id = ${id}`
}

/** The name of an organization, for messages. */
export function findOrganizationName(tx: Queryable, organizationId: string) {
  return tx<{ name: string }[]>`select name from organizations where id = ${organizationId}`
}

/** The organization of an endpoint, for an operator. */
export function findOrganizationOfWebhook(db: Queryable, id: string) {
  return db<{ organizationId: string }[]>`select organization_id from webhooks where id = ${id}`
}
