import { findInvitePreview, type InvitePreviewRow } from '../../db/queries/invite-previews.ts'
import { EmbedPreview, EmbedPreviewInput, type PreviewStatus } from '../../schemas/embed.ts'
import { publicOperation } from '../core/operation.ts'
import { browserOf, invalidInvite, isReturning, requireActiveCampaign, requireOpenInvite } from './invite.ts'

/** What an invite leads to. Looking changes nothing: programs that scan mail or draw previews of links open it too. */
export const previewInvite = publicOperation({
  name: 'embed.preview',
  summary: 'Look at an invite: what the welcome page shows',
  description:
    'Changes nothing: the invite stays as it is, whatever opens its link. Every page may read the answer, so that ' +
    'a page that is not among `allowedOrigins` learns the reason: 403 `origin_not_allowed`.',
  errors: [401, 403],
  input: EmbedPreviewInput,
  output: EmbedPreview,
  example: { invite: 'inv_…' },
  prepare: async ({ origin }) => browserOf(origin).presented,
  organizationOf: ({ organization }) => organization.id,
  async run({ tx, origin }, _input, presented) {
    const { organization, hash } = presented
    const { tokenToKeep } = browserOf(origin)
    const [row] = await findInvitePreview(tx, organization.id, hash)
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
      ...(tokenToKeep === null ? {} : { browserToken: tokenToKeep }),
    }
  },
})

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
