import { findInvitePreview, type InvitePreviewRow } from '../../db/queries/invite-previews.ts'
import type { Tenancy } from '../../db/tenant.ts'
import type { EmbedPreview, PreviewStatus } from '../../schemas/embed.ts'
import {
  invalidInvite,
  isReturning,
  type PresentedInvite,
  requireActiveCampaign,
  requireOpenInvite,
} from './invite.ts'

/**
 * What an invite leads to. Looking changes nothing: programs that scan mail or draw previews of links open it too.
 * @throws ApiError 401, the same for every token that opens nothing for this browser
 */
export async function previewInvite(tenancy: Tenancy, presented: PresentedInvite): Promise<EmbedPreview> {
  const { organization, hash } = presented
  const [row] = await tenancy.read(organization.id, (tx) => findInvitePreview(tx, organization.id, hash))
  if (!row) throw invalidInvite('invite_unknown')
  const returning = isReturning(row, presented)
  if (!returning) requireBeginning(row)
  const { title, language, questions, expiresAt } = row
  return {
    status: statusOf(row),
    returning,
    title,
    language,
    organization: { name: organization.name },
    questions: questions.map(({ kind, timeLimitSeconds }) => ({
      kind,
      ...(timeLimitSeconds === undefined ? {} : { timeLimitSeconds }),
    })),
    expiresAt,
  }
}

/** @throws ApiError 401 where a browser that is new to the invite could not begin its interview */
function requireBeginning(row: InvitePreviewRow): void {
  requireOpenInvite(row, row.status)
  if (row.status === 'started') {
    if (row.interviewStatus === 'abandoned') throw invalidInvite('interview_abandoned')
  } else requireActiveCampaign(row.campaignStatus)
}

function statusOf({ status, interviewStatus, campaignStatus }: InvitePreviewRow): PreviewStatus {
  if (status === 'started' && interviewStatus === 'abandoned') {
    return campaignStatus === 'archived' ? 'cancelled' : 'abandoned'
  }
  return status === 'expired' ? 'abandoned' : status
}
