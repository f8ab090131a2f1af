import type { InterviewStatus } from '../../schemas/interviews.ts'
import type { InviteStatus } from '../../schemas/invites.ts'
import type { Queryable } from '../connect.ts'
import type { Question } from '../schema/campaigns.ts'
import { interviewStatus } from './interviews.ts'
import { type InviteTokenRow, inviteStatus } from './invites.ts'

/** What an invite's token leads to. */
export interface InvitePreviewRow extends InviteTokenRow {
  status: InviteStatus
  expiresAt: Date
  campaignStatus: string
  /** Null before the interview begins. */
  interviewStatus: InterviewStatus | null
  /** Of the interview; before it begins, of its campaign. */
  title: string
  language: string
  questions: Question[]
}

/** The invite of a token, with its campaign and its interview. It locks nothing and writes nothing. */
export function findInvitePreview(tx: Queryable, organizationId: string, hash: Buffer) {
  return tx<InvitePreviewRow[]>`
    select invite_tokens.invite_id, invite_tokens.used_at, invite_tokens.replaced_at, invite_tokens.browser_hash,
      ${inviteStatus(tx, organizationId)} as status, invites.expires_at, campaigns.status as campaign_status,
      case when interviews.id is not null then ${interviewStatus(tx, organizationId)} end as interview_status,
      coalesce(interviews.title, campaigns.name) as title, coalesce(interviews.language, campaigns.language) as language,
      coalesce(interviews.questions, campaigns.questions) as questions
    from invite_tokens
    join invites on invites.organization_id = ${organizationId} and invites.id = invite_tokens.invite_id
    join campaigns on campaigns.organization_id = ${organizationId} and campaigns.id = invites.campaign_id
    left join interviews on interviews.organization_id = ${organizationId} and interviews.invite_id = invites.id
    where invite_tokens.hash = ${hash} and invite_tokens.organization_id = ${organizationId}`
}
