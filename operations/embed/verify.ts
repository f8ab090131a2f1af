import { parseCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import { findInterviewSession } from '../../db/queries/interview-sessions.ts'
import { type Actor, interviewActor } from '../credentials/principals.ts'
import type { Refusal, Verdict } from '../credentials/verifier.ts'

/**
 * Verifies an interview session's token, on the organization's clock. It is not remembered: each sign of life of a
 * candidate's browser is written down anyway.
 */
export async function verifyInterviewSession(db: Queryable, text: string): Promise<Verdict<Actor>> {
  if (parseCredential(text)?.kind !== 'interviewToken') {
    return {
      principal: null,
      refusal: { reason: 'malformed_credential', organizationId: null, keyId: null },
    }
  }
  const hash = sha256(text)
  const [row] = await findInterviewSession(db, hash)
  const reason = !row ? 'unknown_token' : row.endedAt ? 'session_ended' : row.expired ? 'token_expired' : null
  if (!row || reason) {
    const refusal: Refusal = {
      reason: reason ?? 'unknown_token',
      organizationId: row?.organizationId ?? null,
      keyId: null,
    }
    return { principal: null, refusal }
  }
  const organization = { id: row.organizationId, name: row.organizationName, plan: row.organizationPlan }
  return { principal: interviewActor(organization, row.interviewId, row.expiresAt, hash), refusal: null }
}
