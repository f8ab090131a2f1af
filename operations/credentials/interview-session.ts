import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import { findInterviewSession } from '../../db/queries/interview-sessions.ts'
import { type Actor, interviewActor } from './principals.ts'
import type { Verdict } from './verifier.ts'

/** Verifies an interview session's token whose text is whole, on the organization's clock. */
export async function verifyInterviewSession(db: Queryable, text: string): Promise<Verdict<Actor>> {
  const hash = sha256(text)
  const [row] = await findInterviewSession(db, hash)
  const reason = !row ? 'unknown_token' : row.endedAt ? 'session_ended' : row.expired ? 'token_expired' : null
  if (!row || reason) {
    const organizationId = row?.organizationId ?? null
    return { principal: null, refusal: { reason: reason ?? 'unknown_token', organizationId, keyId: null } }
  }
  const organization = { id: row.organizationId, name: row.organizationName, plan: row.organizationPlan }
  return { principal: interviewActor(organization, row.interviewId, row.expiresAt, hash), refusal: null }
}
