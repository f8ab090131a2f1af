import type postgres from 'postgres'
import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { campaigns } from '../schema/campaigns.ts'

/** A campaign as stored, with the invites that have expired and of which nobody has written it down yet. */
export type CampaignRow = typeof campaigns.$inferSelect & { dueCount: number }

/** What a caller may set on a campaign. */
export type CampaignFields = Pick<
  CampaignRow,
  'name' | 'description' | 'status' | 'language' | 'questions' | 'inviteValidHours' | 'metadata'
>

// One look at the few invites that are due, however many campaigns are read, and none where no campaign waits for
// anyone: PostgreSQL reads `due` when it is first asked for. `organization_now` is written out, as PostgreSQL would make
// the function ready anew for each list.
const campaignsOf = (tx: Queryable, organizationId: string) => tx`
  with due as materialized (
    select campaign_id, count(*)::int as due_count from invites
    where organization_id = ${organizationId} and status = 'pending'
      and expires_at <= (
        select date_trunc('milliseconds', now()) + make_interval(secs => clock_offset_seconds)
        from organizations where id = ${organizationId})
    group by campaign_id)
  select campaigns.*, case when invited_count > started_count + expired_count
    then coalesce((select due_count from due where campaign_id = campaigns.id), 0) else 0 end as due_count
  from campaigns where organization_id = ${organizationId}`

/** A page of campaigns, newest first, with one row more than asked for where there is a next page. */
export function listCampaigns(
  tx: Queryable,
  organizationId: string,
  page: PageRequest,
  status: string | null,
): postgres.PendingQuery<CampaignRow[]> {
  if (status !== null) {
    return tx<CampaignRow[]>`
      ${campaignsOf(tx, organizationId)} and status = ${status} and (${page.after}::text is null or id < ${page.after})
      order by id desc limit ${page.limit + 1}`
  }
  return tx<CampaignRow[]>`
    ${campaignsOf(tx, organizationId)} and (${page.after}::text is null or id < ${page.after})
    order by id desc limit ${page.limit + 1}`
}

/** One campaign, or no row. */
export function findCampaign(tx: Queryable, organizationId: string, id: string) {
  return tx<CampaignRow[]>`
    ${campaignsOf(tx, organizationId)} and id = ${id}`
}

/** One campaign, locked until the transaction ends. */
export function lockCampaign(tx: Queryable, organizationId: string, id: string) {
  locking(tx, 'campaign', organizationId)
  return tx<CampaignRow[]>`
    ${campaignsOf(tx, organizationId)} and id = ${id} for no key update of campaigns`
}

export function insertCampaign(tx: Queryable, organizationId: string, id: string, fields: CampaignFields) {
  return tx<CampaignRow[]>`
    insert into campaigns (organization_id, id, name, description, status, language, questions, invite_valid_hours, metadata)
    values (${organizationId}, ${id}, ${fields.name}, ${fields.description}, ${fields.status}, ${fields.language},
      ${tx.json(fields.questions as never)}, ${fields.inviteValidHours}, ${tx.json(fields.metadata as never)})
    returning *, 0 as due_count`
}

/** Writes every field that a caller may set, and the time of the change. */
export function updateCampaign(tx: Queryable, organizationId: string, id: string, fields: CampaignFields) {
  return tx<CampaignRow[]>`
    update campaigns set name = ${fields.name}, description = ${fields.description}, status = ${fields.status},
      language = ${fields.language}, questions = ${tx.json(fields.questions as never)},
      invite_valid_hours = ${fields.inviteValidHours}, metadata = ${tx.json(fields.metadata as never)}, updated_at = now()
    where organization_id = ${organizationId} and id = ${id}
    returning *, (
      select count(*)::int from invites where invites.organization_id = ${organizationId} and campaign_id = ${id}
        and invites.status = 'pending' and expires_at <= (select organization_now(${organizationId}))) as due_count`
}
