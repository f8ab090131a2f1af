import type { Queryable } from '../connect.ts'
import { timeOfEach } from './clock.ts'
import { ABANDONED_AFTER } from './interviews.ts'

/** A presented session token, with the interview that it opens. */
export interface PresentedInterviewSession {
  organizationId: string
  organizationName: string
  organizationPlan: string
  interviewId: string
  endedAt: Date | null
  /** Whether 24 hours have passed in silence. */
  expired: boolean
  expiresAt: Date
}

/** Looks a session token up by its SHA-256, across tenants (system role). */
export function findInterviewSession(db: Queryable, hash: Buffer) {
  return db<PresentedInterviewSession[]>`
    select organizations.id as organization_id, organizations.name as organization_name,
      organizations.plan as organization_plan, interviews.id as interview_id,
      sessions.ended_at, interviews.active_at + ${ABANDONED_AFTER}::interval as expires_at,
      interviews.active_at + ${ABANDONED_AFTER}::interval
        <= ${timeOfEach(db)} as expired
    from interview_sessions as sessions
    join interviews on interviews.organization_id = sessions.organization_id and interviews.id = sessions.interview_id
    join organizations on organizations.id = sessions.organization_id
    where sessions.hash = ${hash}`
}

/** Ends the open session of an interview. */
export function endInterviewSessions(tx: Queryable, organizationId: string, interviewId: string) {
  return tx`
    update interview_sessions set ended_at = now()
    where organization_id = ${organizationId} and interview_id = ${interviewId} and ended_at is null`
}

export function insertInterviewSession(
  tx: Queryable,
  organizationId: string,
  interviewId: string,
  hash: Buffer,
) {
  return tx`
    insert into interview_sessions (hash, organization_id, interview_id)
    values (${hash}, ${organizationId}, ${interviewId})`
}
