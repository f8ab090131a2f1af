import type { PageRequest } from '../../schemas/cursor.ts'
import type { InviteStatus } from '../../schemas/invites.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { invites, inviteTokens } from '../schema/invites.ts'
import { timeOfEach } from './clock.ts'

/** An invite as stored, with its state on the organization's clock. */
export type InviteRow = Omit<typeof invites.$inferSelect, 'status'> & {
  status: InviteStatus
  /** As it stands in the row: `pending` until somebody wrote down that it expired. */
  storedStatus: InviteStatus
  interviewId: string | null
}

/** What a list is narrowed by; null: not at all. */
export interface InviteFilter {
  readonly status: string | null
  readonly campaignId: string | null
  readonly candidateId: string | null
  readonly email: string | null
}

/** The status of a row of `invites` by the organization's clock. */
export const inviteStatus = (tx: Queryable, organizationId: string) => tx`
  case when invites.status = 'pending' and invites.expires_at <= (select organization_now(${organizationId}))
    then 'expired' else invites.status end`

// Each statement asks for the organization's time once, however many rows it reads.
const columns = (tx: Queryable, organizationId: string) => tx`
  invites.organization_id, invites.id, invites.campaign_id, invites.candidate_id, invites.expires_at, invites.sent_count,
  invites.created_at, invites.status as stored_status,
  ${inviteStatus(tx, organizationId)} as status,
  (select interviews.id from interviews where interviews.organization_id = ${organizationId}
    and interviews.invite_id = invites.id) as interview_id`

/** A page of invites, newest first. */
export function listInvites(tx: Queryable, organizationId: string, page: PageRequest, filter: InviteFilter) {
  return tx<InviteRow[]>`
    select * from (
      select ${columns(tx, organizationId)} from invites
      where organization_id = ${organizationId} and (${page.after}::text is null or id < ${page.after})
        and (${filter.campaignId}::text is null or campaign_id = ${filter.campaignId})
        and (${filter.candidateId}::text is null or candidate_id = ${filter.candidateId})
        and (${filter.email}::text is null or candidate_id = (
          select id from candidates where organization_id = ${organizationId} and email = ${filter.email}))
    ) as listed
    where ${filter.status}::text is null or status = ${filter.status}
    order by id desc limit ${page.limit + 1}`
}

/** One invite, or no row. */
export function findInvite(tx: Queryable, organizationId: string, id: string) {
  return tx<InviteRow[]>`
    select ${columns(tx, organizationId)} from invites where organization_id = ${organizationId} and id = ${id}`
}

/** One invite, locked until the transaction ends. */
export function lockInvite(tx: Queryable, organizationId: string, id: string) {
  locking(tx, 'invite', organizationId)
  return tx<InviteRow[]>`
    select ${columns(tx, organizationId)} from invites
    where organization_id = ${organizationId} and id = ${id} for no key update of invites`
}

/** A candidate's invites to a campaign that still lead somewhere or did: with the state of their interviews. */
export function findInvitesOf(
  tx: Queryable,
  organizationId: string,
  campaignId: string,
  candidateId: string,
) {
  return tx<{ id: string; status: InviteStatus; interviewStatus: string | null }[]>`
    select ${columns(tx, organizationId)},
      (select interviews.status from interviews where interviews.organization_id = ${organizationId}
        and interviews.invite_id = invites.id) as interview_status
    from invites
    where organization_id = ${organizationId} and campaign_id = ${campaignId} and candidate_id = ${candidateId}
    order by id desc`
}

/** A candidate's completed invite to a campaign, or no row. */
export function hasCompleted(tx: Queryable, organizationId: string, campaignId: string, candidateId: string) {
  return tx<{ id: string }[]>`
    select id from invites where organization_id = ${organizationId} and campaign_id = ${campaignId}
      and candidate_id = ${candidateId} and status = 'completed' limit 1`
}

/** @param invite.hours until it expires, on the organization's clock */
export function insertInvite(
  tx: Queryable,
  invite: { organizationId: string; id: string; campaignId: string; candidateId: string; hours: number },
) {
  const { organizationId, id, campaignId, candidateId, hours } = invite
  return tx<InviteRow[]>`
    insert into invites (organization_id, id, campaign_id, candidate_id, created_at, expires_at)
    select ${organizationId}, ${id}, ${campaignId}, ${candidateId}, now, now + make_interval(hours => ${hours})
    from organization_now(${organizationId}) as now
    returning organization_id, id, campaign_id, candidate_id, expires_at, sent_count, created_at, status,
      status as stored_status, null as interview_id`
}

/** Writes an invite's state. */
export function setInviteStatus(tx: Queryable, organizationId: string, id: string, status: InviteStatus) {
  return tx`update invites set status = ${status} where organization_id = ${organizationId} and id = ${id}`
}

/**
 * Puts an invite's end off.
 * @param until so many hours after the present end, or a point in time
 * @returns no row where that is not later than now, or more than 720 hours from now
 */
export function extendInviteRow(
  tx: Queryable,
  organizationId: string,
  id: string,
  until: { hours: number } | { at: Date },
) {
  const end =
    'at' in until ? tx`${until.at}::timestamptz` : tx`expires_at + make_interval(hours => ${until.hours})`
  return tx`
    update invites set expires_at = ${end}
    where organization_id = ${organizationId} and id = ${id}
      and ${end} > organization_now(${organizationId})
      and ${end} <= organization_now(${organizationId}) + interval '720 hours'
    returning id`
}

/** Counts that an invite was mailed. */
export function countSending(tx: Queryable, organizationId: string, id: string) {
  return tx`
    update invites set sent_count = sent_count + 1 where organization_id = ${organizationId} and id = ${id}`
}

/** Ends every open token of an invite. */
export function replaceInviteTokens(tx: Queryable, organizationId: string, inviteId: string) {
  return tx`
    update invite_tokens set replaced_at = now()
    where organization_id = ${organizationId} and invite_id = ${inviteId} and used_at is null and replaced_at is null`
}

export function insertInviteToken(tx: Queryable, organizationId: string, inviteId: string, hash: Buffer) {
  return tx`
    insert into invite_tokens (hash, organization_id, invite_id) values (${hash}, ${organizationId}, ${inviteId})`
}

/** Whose invite a token is, by its SHA-256, across tenants (system role). */
export function findInviteToken(db: Queryable, hash: Buffer) {
  return db<
    { inviteId: string; organizationId: string; organizationName: string; organizationPlan: string }[]
  >`
    select invite_id, organizations.id as organization_id, organizations.name as organization_name,
      organizations.plan as organization_plan
    from invite_tokens join organizations on organizations.id = organization_id where hash = ${hash}`
}

/** What has become of a token. */
export type InviteTokenRow = Pick<
  typeof inviteTokens.$inferSelect,
  'inviteId' | 'usedAt' | 'replacedAt' | 'browserHash'
>

/** One token by its hash, or no row. */
export function findTokenState(tx: Queryable, organizationId: string, hash: Buffer) {
  return tx<InviteTokenRow[]>`
    select invite_id, used_at, replaced_at, browser_hash
    from invite_tokens where hash = ${hash} and organization_id = ${organizationId}`
}

/**
 * Marks an open token as used, by that browser. Every other token of the invite is replaced: who used one of them
 * cannot come back by it.
 */
export function useInviteToken(
  tx: Queryable,
  organizationId: string,
  inviteId: string,
  used: { hash: Buffer; browserHash: Buffer | null },
) {
  return tx`
    update invite_tokens set
      used_at = case when hash = ${used.hash} then now() else used_at end,
      browser_hash = case when hash = ${used.hash} then ${used.browserHash}::bytea end,
      replaced_at = case when hash = ${used.hash} then null else coalesce(replaced_at, now()) end
    where organization_id = ${organizationId} and invite_id = ${inviteId}`
}

/** Invites that expired and of which nobody has written it down, in one organization or in all (system role). */
export function findDueInvites(db: Queryable, organizationId: string | null, limit: number | null) {
  return db<{ organizationId: string; id: string }[]>`
    select invites.organization_id, invites.id from organizations
    join invites on invites.organization_id = organizations.id and invites.status = 'pending'
      and invites.expires_at <= ${timeOfEach(db)}
    where ${organizationId}::text is null or organizations.id = ${organizationId}
    limit ${limit}`
}
