import type { Queryable } from '../../db/connect.ts'
import { type CandidateRow, holdCandidate } from '../../db/queries/candidates.ts'
import { badRequest, notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { InviteCreate, NewInvite } from '../../schemas/invites.ts'
import { Strict } from '../../schemas/primitives.ts'
import { lockActiveCampaign } from '../campaigns/active.ts'
import { findOrCreateCandidate } from '../candidates/find-or-create.ts'
import { writeOperation } from '../core/operation.ts'
import { issueInvite, requireNoOpenInvite } from './issue.ts'
import { admitMail } from './mail.ts'

/** Invites a candidate. The campaign must be active, and the candidate must have no open invite to it. */
export const createInvite = writeOperation({
  name: 'invites.create',
  summary: 'Invite a candidate to a campaign',
  description:
    'Gives you a link to the interview for one candidate: name either a `candidateId` or a `candidate`, who is created ' +
    'where there is none of that e-mail address. The answer shows the `token` once. Who has the link can begin the ' +
    'interview, once.',
  access: 'invites:write',
  errors: [503],
  input: Strict({ id: Id('cmp'), ...InviteCreate.properties }, { minProperties: 2 }),
  output: NewInvite,
  example: { candidate: { email: 'grace@example.com', name: 'Grace Hopper' }, expiresInHours: 72 },
  async run(context, { id: campaignId, ...body }) {
    const { tx, organizationId, services, actor } = context
    const inviting = { ...context, organization: actor.organization }
    const { sendEmail = false, expiresInHours } = body
    if ((body.candidateId === undefined) === (body.candidate === undefined)) {
      throw badRequest('body', 'needs either candidateId or candidate')
    }
    if (sendEmail) services.mailer.requireMail()
    const candidate = await candidateOf(tx, organizationId, body)
    const campaign = await lockActiveCampaign(tx, organizationId, campaignId)
    await requireNoOpenInvite(tx, campaign, candidate)
    if (sendEmail) await admitMail(inviting, campaign, candidate)
    const hours = expiresInHours ?? campaign.inviteValidHours
    return issueInvite(inviting, campaign, candidate, { hours, sendEmail })
  },
})

async function candidateOf(tx: Queryable, organizationId: string, body: InviteCreate): Promise<CandidateRow> {
  if (body.candidate) return findOrCreateCandidate(tx, organizationId, body.candidate)
  const [candidate] = await holdCandidate(tx, organizationId, { id: body.candidateId as string })
  if (!candidate) throw notFound('Candidate')
  return candidate
}
