import { findCampaign } from '../../db/queries/campaigns.ts'
import { holdCandidate } from '../../db/queries/candidates.ts'
import { findInterview } from '../../db/queries/interviews.ts'
import { type InviteRow, replaceInviteTokens } from '../../db/queries/invites.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { InviteResend, NewInvite } from '../../schemas/invites.ts'
import { Strict } from '../../schemas/primitives.ts'
import { type WriteContext, writeOperation } from '../core/operation.ts'
import { lockedInvite, readInvite, requirePending } from './find.ts'
import { issueToken } from './issue.ts'
import { admitMail, mailInvite } from './mail.ts'
import { serializeNewInvite } from './serialize.ts'

const MOST_SENDINGS = 10

/** Gives an invite a new link, and mails it where this server sends e-mail. */
export const resendInvite = writeOperation({
  name: 'invites.resend',
  summary: 'Send an invite again, with a new link',
  description:
    'Gives the invite a new link, which ends the link before at once, and mails it unless you say `"sendEmail":false`. ' +
    'The answer shows the `token` once. Where the interview is under way, the new link leads back into it.',
  access: 'invites:write',
  errors: [503],
  input: Strict({ id: Id('inv'), ...InviteResend.properties }),
  output: NewInvite,
  example: { sendEmail: false },
  async run(context, { id, sendEmail = context.services.mailer.possible }) {
    const { tx, organizationId, services, actor, audit } = context
    if (sendEmail) services.mailer.requireMail()
    // Locks come in one order everywhere: candidate, invite, interview, campaign.
    const { candidateId } = await readInvite(context, id)
    const [candidate] = await holdCandidate(tx, organizationId, { id: candidateId })
    const invite = await lockedInvite(context, id)
    await requireUsable(context, invite)
    if (sendEmail && invite.sentCount >= MOST_SENDINGS) {
      throw new ApiError('CONFLICT', `This invite was sent ${MOST_SENDINGS} times`)
    }
    await replaceInviteTokens(tx, organizationId, id)
    const token = await issueToken(tx, invite)
    if (sendEmail) {
      const [campaign] = await findCampaign(tx, organizationId, invite.campaignId)
      if (!candidate || !campaign) throw notFound('Candidate')
      const mailing = { tx, services, organization: actor.organization }
      await admitMail(mailing, campaign, candidate)
      await mailInvite(mailing, campaign, candidate, invite, token)
    }
    audit({ action: 'invite.resent', targetType: 'invite', targetId: id })
    return serializeNewInvite(invite, services.publicUrl(), token)
  },
})

/** @throws ApiError 409 for an invite that leads nowhere any more */
async function requireUsable({ tx, organizationId }: WriteContext, invite: InviteRow): Promise<void> {
  if (invite.status !== 'started') return requirePending(invite, 'sent again')
  const [interview] = await findInterview(tx, organizationId, invite.interviewId as string)
  if (interview?.status !== 'abandoned') return
  throw new ApiError('CONFLICT', 'An invite whose interview is abandoned cannot be sent again', {
    hint: 'Invite the candidate again for a fresh one',
  })
}
