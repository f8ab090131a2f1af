import { generateCredential, parseCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Database, Queryable } from '../../db/connect.ts'
import { addToCount } from '../../db/queries/campaign-counts.ts'
import { lockCampaign } from '../../db/queries/campaigns.ts'
import { endInterviewSessions, insertInterviewSession } from '../../db/queries/interview-sessions.ts'
import { insertInterview } from '../../db/queries/interviews.ts'
import {
  findInviteToken,
  findTokenState,
  type InviteRow,
  setInviteStatus,
  takeInviteToken,
} from '../../db/queries/invites.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { EmbedSession } from '../../schemas/interviews.ts'
import type { LoggedReason } from '../../schemas/reasons.ts'
import type { ActingOrganization } from '../credentials/principals.ts'
import type { ShowFile } from '../files/present.ts'
import { lockSettledInterview, moveInterview, touchInterview } from '../interviews/progress.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { requireInviteTransition } from '../invites/states.ts'
import { presentEmbedInterview } from './present.ts'

/** How long a session lives without a request, in milliseconds: an interview is abandoned then. */
const SILENCE_MS = 24 * 3_600_000

/** An invite's token as presented: whose it is, as far as that is known. */
export interface PresentedInvite {
  readonly organization: ActingOrganization
  readonly inviteId: string
  readonly hash: Buffer
}

const inviteReasons = {
  completed: 'invite_completed',
  expired: 'invite_expired',
  cancelled: 'invite_cancelled',
} as const

const campaignReasons = {
  draft: 'campaign_draft',
  paused: 'campaign_paused',
  completed: 'campaign_completed',
  archived: 'campaign_archived',
} as const

const tokenReasons = { used: 'invite_used', replaced: 'invite_replaced', open: 'invite_unknown' } as const

/** The one refusal of a token that opens nothing. What was wrong with it is for the log alone. */
function invalidInvite(reason: LoggedReason): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid invite', {
    reason,
    hint: 'The link was used, has expired or was taken back: ask whoever invited you for a new one',
  })
}

/**
 * Finds out whose invite a token is. A mistyped one is known from its text alone.
 * @throws ApiError 401, the same for every token that opens nothing
 */
export async function readInvite(database: Database, text: string): Promise<PresentedInvite> {
  if (parseCredential(text)?.kind !== 'inviteToken') throw invalidInvite('invite_malformed')
  const hash = sha256(text)
  const [known] = await findInviteToken(database, hash)
  if (!known) throw invalidInvite('invite_unknown')
  const { organizationId: id, organizationName: name, organizationPlan: plan, inviteId } = known
  return { organization: { id, name, plan }, inviteId, hash }
}

/**
 * Exchanges an invite's token for an interview session, once: of any number of tries at a time one gets it. A token that
 * was sent again while the interview is under way opens the same interview, and ends the session before.
 * @param tx of the invite's organization
 * @throws ApiError 401, the same for every token that opens nothing
 */
export async function exchangeInvite(
  tx: Queryable,
  presented: PresentedInvite,
  publicUrl: string,
  show: ShowFile,
): Promise<EmbedSession> {
  const { inviteId, hash } = presented
  const organizationId = presented.organization.id
  const invite = await lockSettledInvite(tx, organizationId, inviteId, publicUrl)
  if (!invite) throw invalidInvite('invite_unknown')
  if (invite.status !== 'pending' && invite.status !== 'started')
    throw invalidInvite(inviteReasons[invite.status as keyof typeof inviteReasons])
  if ((await takeInviteToken(tx, organizationId, hash)).length === 0) {
    const [token] = await findTokenState(tx, organizationId, hash)
    throw invalidInvite(token ? tokenReasons[token.state] : 'invite_unknown')
  }
  const interviewId = invite.interviewId ?? (await beginInterview(tx, invite))
  const row = await lockSettledInterview(tx, organizationId, interviewId)
  if (!row || row.status === 'abandoned') throw invalidInvite('interview_abandoned')
  const { activeAt } = await touchInterview(tx, row)
  await endInterviewSessions(tx, organizationId, interviewId)
  const { text: sessionToken } = generateCredential('ist_')
  await insertInterviewSession(tx, organizationId, interviewId, sha256(sessionToken))
  return {
    sessionToken,
    expiresAt: new Date(activeAt.getTime() + SILENCE_MS),
    interview: await presentEmbedInterview(tx, organizationId, interviewId, show),
  }
}

/** Begins the interview of an invite that is pending and locked. @throws ApiError 401 where its campaign is not active */
export async function beginInterview(tx: Queryable, invite: InviteRow): Promise<string> {
  const { organizationId, id: inviteId, campaignId, candidateId } = invite
  const [campaign] = await lockCampaign(tx, organizationId, campaignId)
  if (campaign?.status !== 'active')
    throw invalidInvite(
      campaign ? campaignReasons[campaign.status as keyof typeof campaignReasons] : 'campaign_unknown',
    )
  requireInviteTransition(invite.status, 'started')
  const id = newId('int')
  const { name: title, language, questions } = campaign
  await insertInterview(tx, {
    organizationId,
    id,
    campaignId,
    candidateId,
    inviteId,
    title,
    language,
    questions,
  })
  await setInviteStatus(tx, organizationId, inviteId, 'started')
  await addToCount(tx, organizationId, campaignId, 'started')
  const row = await lockSettledInterview(tx, organizationId, id)
  if (row) await moveInterview(tx, row, 'in_progress', row.now)
  return id
}
