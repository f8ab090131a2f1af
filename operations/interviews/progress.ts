import type { Queryable } from '../../db/connect.ts'
import { addToCount } from '../../db/queries/campaign-counts.ts'
import { endInterviewSessions } from '../../db/queries/interview-sessions.ts'
import {
  type InterviewRow,
  lockInterview,
  noteActivity,
  setInterviewStatus,
} from '../../db/queries/interviews.ts'
import { lockInvite, setInviteStatus } from '../../db/queries/invites.ts'
import type { EventType } from '../../schemas/events.ts'
import type { InterviewStatus } from '../../schemas/interviews.ts'
import { emit } from '../events/emit.ts'
import { requireInviteTransition } from '../invites/states.ts'
import { serializeInterviewEvent } from './serialize.ts'
import { interviewTransitions, requireInterviewTransition } from './states.ts'

const eventOf: Record<InterviewStatus, EventType | null> = {
  created: null,
  in_progress: 'interview.started',
  paused: 'interview.paused',
  completed: 'interview.completed',
  abandoned: 'interview.abandoned',
}

const PAUSE_MS = 30 * 60_000
const ABANDON_MS = 24 * 3_600_000

/**
 * Takes an interview from one state to another, and tells of it: the one place where that happens.
 * @param row locked
 * @param at when it came to it, on the organization's clock
 * @throws ApiError 409 that says from where to where it can't go
 */
export async function moveInterview(
  tx: Queryable,
  row: InterviewRow,
  to: InterviewStatus,
  at: Date,
): Promise<InterviewRow> {
  const { organizationId, id, storedStatus } = row
  requireInterviewTransition(storedStatus, to)
  await setInterviewStatus(tx, organizationId, id, to, at)
  const moved: InterviewRow = {
    ...row,
    status: to,
    storedStatus: to,
    startedAt: to === 'in_progress' ? (row.startedAt ?? at) : row.startedAt,
    completedAt: to === 'completed' ? at : row.completedAt,
  }
  // Coming back from a pause is no start.
  const type = to === 'in_progress' && row.startedAt !== null ? null : eventOf[to]
  if (type) await emit(tx, organizationId, type, serializeInterviewEvent(moved))
  return moved
}

/**
 * An interview, locked, with what silence has made of it written down: paused after 30 minutes, abandoned after 24 hours,
 * at the times when it came to that, whoever sees it first.
 */
export async function lockSettledInterview(
  tx: Queryable,
  organizationId: string,
  id: string,
): Promise<InterviewRow | undefined> {
  let [row] = await lockInterview(tx, organizationId, id)
  if (!row) return undefined
  const target = row.status
  const silentSince = row.activeAt.getTime()
  if (target !== row.storedStatus && row.storedStatus === 'in_progress') {
    row = await moveInterview(tx, row, 'paused', new Date(silentSince + PAUSE_MS))
  }
  if (target === 'abandoned' && row.storedStatus !== 'abandoned') {
    row = await moveInterview(tx, row, 'abandoned', new Date(silentSince + ABANDON_MS))
  }
  return row
}

/** Notes a sign of life of the candidate's browser. @param row locked and settled */
export async function touchInterview(tx: Queryable, row: InterviewRow): Promise<InterviewRow> {
  if (row.status === 'completed' || row.status === 'abandoned') return row
  await noteActivity(tx, row.organizationId, row.id, row.now)
  const since = row.status === 'in_progress' ? Math.max(0, row.now.getTime() - row.activeAt.getTime()) : 0
  return { ...row, activeMs: row.activeMs + since, activeAt: row.now }
}

/**
 * Ends an interview that is under way, and its session: no request of the candidate's browser does anything from the
 * commit on. Answers that were sent stay.
 */
export async function abandonInterview(tx: Queryable, organizationId: string, id: string): Promise<void> {
  const row = await lockSettledInterview(tx, organizationId, id)
  await endInterviewSessions(tx, organizationId, id)
  if (row && interviewTransitions[row.status].includes('abandoned')) {
    await moveInterview(tx, row, 'abandoned', row.now)
  }
}

/**
 * Ends an interview and its invite, and counts it. Locks come in one order everywhere: invite, interview, campaign.
 * @returns the interview, settled; completed again changes nothing
 * @throws ApiError 409 for one that was abandoned
 */
export async function completeInterview(
  tx: Queryable,
  organizationId: string,
  inviteId: string,
  id: string,
): Promise<InterviewRow | undefined> {
  const [invite] = await lockInvite(tx, organizationId, inviteId)
  const row = await lockSettledInterview(tx, organizationId, id)
  if (!row || !invite || row.status === 'completed') return row
  const touched = await touchInterview(tx, row)
  const completed = await moveInterview(tx, touched, 'completed', row.now)
  requireInviteTransition(invite.status, 'completed')
  await setInviteStatus(tx, organizationId, inviteId, 'completed')
  await addToCount(tx, organizationId, completed.campaignId, 'completed')
  return completed
}
