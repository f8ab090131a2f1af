import type { PageRequest } from '../../schemas/cursor.ts'
import type { InterviewStatus } from '../../schemas/interviews.ts'
import type { Queryable } from '../connect.ts'
import { inserting, locking } from '../locks.ts'
import type { Question } from '../schema/campaigns.ts'
import type { answers, interviews } from '../schema/interviews.ts'
import { timeOfEach } from './clock.ts'

/** Silence after which an interview pauses, and after which it is abandoned. */
const PAUSES_AFTER = '30 minutes'
export const ABANDONED_AFTER = '24 hours'

/** An answer as stored, in the JSON of its interview's row. */
export type AnswerRow = Pick<
  typeof answers.$inferSelect,
  'questionId' | 'kind' | 'text' | 'choice' | 'fileId' | 'durationSeconds'
> & {
  /** Milliseconds since 1970. */
  answeredAt: number
  /** Null also for a recording that was kept long enough. */
  file: AnswerFileRow | null
}

/** An answer's recording, in the JSON of its interview's row. */
export interface AnswerFileRow {
  id: string
  name: string
  contentType: string
  sizeBytes: number
  /** In hex. */
  sha256: string
  /** Milliseconds since 1970. */
  createdAt: number
}

/** An interview as stored, with its state on the organization's clock. */
export type InterviewRow = Omit<typeof interviews.$inferSelect, 'status'> & {
  status: InterviewStatus
  /** As it stands in the row, until somebody wrote down what silence has made of it. */
  storedStatus: InterviewStatus
  /** The organization's time. */
  now: Date
}

/** An interview with its answers. */
export type WholeInterviewRow = InterviewRow & { answers: AnswerRow[] }

/** What a list is narrowed by; null: not at all. */
export interface InterviewFilter {
  readonly status: string | null
  readonly campaignId: string | null
  readonly candidateId: string | null
  readonly inviteId: string | null
  readonly email: string | null
}

/** The status of a row of `interviews`, with what silence has made of it by the organization's clock. */
export const interviewStatus = (tx: Queryable, organizationId: string) => tx`
  case
    when interviews.status in ('created', 'in_progress', 'paused')
      and interviews.active_at <= (select organization_now(${organizationId})) - ${ABANDONED_AFTER}::interval then 'abandoned'
    when interviews.status = 'in_progress'
      and interviews.active_at <= (select organization_now(${organizationId})) - ${PAUSES_AFTER}::interval then 'paused'
    else interviews.status
  end`

// Each statement asks for the organization's time once, however many rows it reads.
const columns = (tx: Queryable, organizationId: string) => tx`
  interviews.organization_id, interviews.id, interviews.campaign_id, interviews.candidate_id, interviews.invite_id,
  interviews.title, interviews.language, interviews.questions, interviews.started_at, interviews.completed_at,
  interviews.active_at, interviews.active_ms, interviews.created_at, interviews.status as stored_status, (select organization_now(${organizationId})) as now,
  ${interviewStatus(tx, organizationId)} as status`

// Times are cut to the millisecond, not rounded: as everywhere else, where they come out of the database as they stand.
const answersOf = (tx: Queryable, organizationId: string) => tx`
  coalesce((
    select jsonb_agg(jsonb_build_object('questionId', answers.question_id, 'kind', kind, 'text', text, 'choice', choice,
      'fileId', file_id, 'durationSeconds', duration_seconds,
      'answeredAt', trunc(extract(epoch from answered_at) * 1000)::bigint,
      'file', case when files.id is not null then jsonb_build_object('id', files.id, 'name', files.name,
        'contentType', content_type, 'sizeBytes', size_bytes, 'sha256', encode(sha256, 'hex'),
        'createdAt', trunc(extract(epoch from files.created_at) * 1000)::bigint) end))
    from answers left join files on files.organization_id = answers.organization_id and files.id = answers.file_id
    where answers.organization_id = ${organizationId} and answers.interview_id = interviews.id
  ), '[]') as answers`

/** A page of interviews with their answers, newest first. */
export function listInterviews(
  tx: Queryable,
  organizationId: string,
  page: PageRequest,
  filter: InterviewFilter,
) {
  return tx<WholeInterviewRow[]>`
    select interviews.*, ${answersOf(tx, organizationId)} from (
      select * from (
        select ${columns(tx, organizationId)} from interviews
        where organization_id = ${organizationId} and (${page.after}::text is null or id < ${page.after})
          and (${filter.campaignId}::text is null or campaign_id = ${filter.campaignId})
          and (${filter.candidateId}::text is null or candidate_id = ${filter.candidateId})
          and (${filter.inviteId}::text is null or invite_id = ${filter.inviteId})
          and (${filter.email}::text is null or candidate_id = (
            select id from candidates where organization_id = ${organizationId} and email = ${filter.email}))
      ) as listed
      where ${filter.status}::text is null or status = ${filter.status}
      order by id desc limit ${page.limit + 1}
    ) as interviews order by id desc`
}

/** One interview with its answers, or no row. */
export function findInterview(tx: Queryable, organizationId: string, id: string) {
  return tx<WholeInterviewRow[]>`
    select ${columns(tx, organizationId)}, ${answersOf(tx, organizationId)}
    from interviews where organization_id = ${organizationId} and id = ${id}`
}

/** One interview, locked until the transaction ends. */
export function lockInterview(tx: Queryable, organizationId: string, id: string) {
  locking(tx, 'interview', id)
  return tx<InterviewRow[]>`
    select ${columns(tx, organizationId)} from interviews
    where organization_id = ${organizationId} and id = ${id} for no key update of interviews`
}

/** Makes an interview that nobody has begun. */
export function insertInterview(
  tx: Queryable,
  interview: {
    organizationId: string
    id: string
    campaignId: string
    candidateId: string
    inviteId: string
    title: string
    language: string
    questions: readonly Question[]
  },
) {
  const { organizationId, id, campaignId, candidateId, inviteId, title, language, questions } = interview
  inserting(tx, 'interview', id)
  return tx`
    insert into interviews (organization_id, id, campaign_id, candidate_id, invite_id, title, language, questions,
      active_at, created_at)
    select ${organizationId}, ${id}, ${campaignId}, ${candidateId}, ${inviteId}, ${title}, ${language},
      ${tx.json(questions as never)}, now, now from organization_now(${organizationId}) as now`
}

/**
 * Writes an interview's state; the first time that it is under way is its start.
 * @param at when it came to it, on the organization's clock
 */
export function setInterviewStatus(
  tx: Queryable,
  organizationId: string,
  id: string,
  status: InterviewStatus,
  at: Date,
) {
  return tx`
    update interviews set status = ${status},
      started_at = case when ${status}::text = 'in_progress' then coalesce(started_at, ${at}) else started_at end,
      completed_at = case when ${status}::text = 'completed' then ${at}::timestamptz else completed_at end
    where organization_id = ${organizationId} and id = ${id}`
}

/**
 * Notes a sign of life of the candidate's browser. The time since the one before counts where the interview was under
 * way: the row says so, as silence and its end have been written down before.
 */
export function noteActivity(tx: Queryable, organizationId: string, id: string, at: Date) {
  return tx`
    update interviews set active_at = greatest(active_at, ${at}),
      active_ms = active_ms + case when status = 'in_progress'
        then greatest(0, extract(epoch from ${at}::timestamptz - active_at) * 1000) else 0 end
    where organization_id = ${organizationId} and id = ${id}`
}

/** Interviews that silence has moved on and of which nobody has written it down, in one organization or in all. */
export function findSilentInterviews(db: Queryable, organizationId: string | null, limit: number | null) {
  return db<{ organizationId: string; id: string }[]>`
    select interviews.organization_id, interviews.id from organizations
    join interviews on interviews.organization_id = organizations.id
      and interviews.status in ('created', 'in_progress', 'paused')
      and interviews.active_at <= ${timeOfEach(db)}
        - case when interviews.status = 'in_progress' then ${PAUSES_AFTER}::interval else ${ABANDONED_AFTER}::interval end
    where ${organizationId}::text is null or organizations.id = ${organizationId}
    limit ${limit}`
}

/** Interviews under way whose campaign is archived: of one campaign, of one organization or of all. */
export function findInterviewsOfArchived(
  db: Queryable,
  of: { organizationId: string | null; campaignId: string | null; limit: number | null },
) {
  return db<{ organizationId: string; id: string }[]>`
    select interviews.organization_id, interviews.id from interviews
    join campaigns on campaigns.organization_id = interviews.organization_id and campaigns.id = interviews.campaign_id
      and campaigns.status = 'archived'
    where interviews.status in ('created', 'in_progress', 'paused')
      and (${of.organizationId}::text is null or interviews.organization_id = ${of.organizationId})
      and (${of.campaignId}::text is null or interviews.campaign_id = ${of.campaignId})
    limit ${of.limit}`
}
