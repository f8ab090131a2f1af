import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { endInterviewSessions, insertInterviewSession } from '../../db/queries/interview-sessions.ts'
import { findTokenState, useInviteToken } from '../../db/queries/invites.ts'
import { EmbedSession, EmbedSessionCreate } from '../../schemas/embed.ts'
import { ApiError } from '../../schemas/errors.ts'
import { publicOperation } from '../core/operation.ts'
import { lockSettledInterview, touchInterview } from '../interviews/progress.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { beginInterview } from './begin-interview.ts'
import { browserOf, invalidInvite, isReturning, requireOpenInvite } from './invite.ts'
import { readEmbedInterview } from './read.ts'

/** How long a session lives without a request, in milliseconds: an interview is abandoned then. */
const SILENCE_MS = 24 * 3_600_000

/**
 * Exchanges an invite's token for an interview session. A token is used once: of any number of tries at a time one gets
 * the session. The browser that used it can do so again, and so come back to its interview: with a browser token. A newer
 * link opens the same interview. Each exchange ends the session before.
 */
export const createEmbedSession = publicOperation({
  name: 'embed.createSession',
  summary: 'Begin the interview of an invite, or come back to it',
  description:
    'Uses the invite. The browser that used it can send it again within 24 hours, with the `browserToken` that it ' +
    'sent the first time or with the cookie of the hosted page, and gets a new session of the same interview. ' +
    'Each new session ends the one before. Any other browser is refused.',
  errors: [401, 403],
  input: EmbedSessionCreate,
  output: EmbedSession,
  example: { invite: 'inv_…' },
  prepare: async ({ origin }) => browserOf(origin).presented,
  organizationOf: ({ organization }) => organization.id,
  // The answer may get lost, and the invite is used then: with an Idempotency-Key it can be asked for again.
  callerOf: ({ inviteId }) => inviteId,
  async run({ tx, services }, _input, presented) {
    const { inviteId, hash, browserHash } = presented
    const organizationId = presented.organization.id
    const invite = await lockSettledInvite(tx, organizationId, inviteId, services.publicUrl())
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
      interview: await readEmbedInterview(tx, { organizationId, interviewId }, services.showFile),
    }
  },
})

function ended(how: string): ApiError {
  return new ApiError('CONFLICT', `This interview is ${how}: it cannot be continued`, {
    reason: how === 'completed' ? 'interview_completed' : 'interview_ended',
  })
}
