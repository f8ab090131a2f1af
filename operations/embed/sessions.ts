import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import { addToCount } from '../../db/queries/campaign-counts.ts'
import { type CampaignRow, lockCampaign } from '../../db/queries/campaigns.ts'
import { endInterviewSessions, insertInterviewSession } from '../../db/queries/interview-sessions.ts'
import { insertInterview } from '../../db/queries/interviews.ts'
import { findTokenState, type InviteRow, setInviteStatus, useInviteToken } from '../../db/queries/invites.ts'
import type { EmbedSession } from '../../schemas/embed.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { ShowFile } from '../files/present.ts'
import { lockSettledInterview, moveInterview, touchInterview } from '../interviews/progress.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { requireInviteTransition } from '../invites/states.ts'
import {
  invalidInvite,
  isReturning,
  type PresentedInvite,
  requireActiveCampaign,
  requireOpenInvite,
} from './invite.ts'
import { readEmbedInterview } from './read.ts'

/** How long a session lives without a request, in milliseconds: an interview is abandoned then. */
const SILENCE_MS = 24 * 3_600_000

/**
 * Exchanges an invite's token for an interview session. A token is used once: of any number of tries at a time one gets
 * the session. The browser that used it can do so again, and so come back to its interview: with a browser token. A newer
 * link opens the same interview. Each exchange ends the session before.
 * @param tx of the invite's organization
 * @throws ApiError 401, the same for every token that opens nothing; 409 for a browser that comes back to an interview
 *   that has ended
 */
export async function exchangeInvite(
  tx: Queryable,
  presented: PresentedInvite,
  publicUrl: string,
  show: ShowFile,
): Promise<EmbedSession> {
  const { inviteId, hash, browserHash } = presented
  const organizationId = presented.organization.id
  const invite = await lockSettledInvite(tx, organizationId, inviteId, publicUrl)
  const [token] = await findTokenState(tx, organizationId, hash)
  if (!invite || !token) throw invalidInvite('invite_unknown')
  const returning = isReturning(token, presented)
  if (!returning) {
    requireOpenInvite(token, invite.status)
    await useInviteToken(tx, organizationId, inviteId, { hash, browserHash })
  } else if (invite.status !== 'started') throw ended(invite.status)
  const interviewId = invite.interviewId ?? (await beginInterview(tx, invite))
  const row = await lockSettledInterview(tx, organizationId, interviewId)
  if (!row || row.status === 'abandoned') {
    throw returning ? ended('abandoned') : invalidInvite('interview_abandoned')
  }
  const { activeAt } = await touchInterview(tx, row)
  await endInterviewSessions(tx, organizationId, interviewId)
  const { text: sessionToken } = generateCredential('ist_')
  await insertInterviewSession(tx, organizationId, interviewId, sha256(sessionToken))
  return {
    sessionToken,
    expiresAt: new Date(activeAt.getTime() + SILENCE_MS),
    interview: await readEmbedInterview(tx, { organizationId, interviewId }, show),
  }
}

function ended(how: string): ApiError {
  return new ApiError('CONFLICT', `This interview is ${how}: it cannot be continued`, {
    reason: how === 'completed' ? 'interview_completed' : 'interview_ended',
  })
}

/** Begins the interview of an invite that is pending and locked. @throws ApiError 401 where its campaign is not active */
export async function beginInterview(tx: Queryable, invite: InviteRow): Promise<string> {
  const { organizationId, id: inviteId, campaignId, candidateId } = invite
  const [campaign] = await lockCampaign(tx, organizationId, campaignId)
  requireActiveCampaign(campaign?.status)
  requireInviteTransition(invite.status, 'started')
  const id = newId('int')
  const { name: title, language, questions } = campaign as CampaignRow
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
