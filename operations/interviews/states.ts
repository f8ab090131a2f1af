import { ApiError } from '../../schemas/errors.ts'
import type { InterviewStatus } from '../../schemas/interviews.ts'

/** From each status of an interview, where it may go. */
export const interviewTransitions: Record<InterviewStatus, readonly InterviewStatus[]> = {
  created: ['in_progress', 'abandoned'],
  in_progress: ['paused', 'completed', 'abandoned'],
  paused: ['in_progress', 'completed', 'abandoned'],
  completed: [],
  abandoned: [],
}

/** @throws ApiError 409 that says from where to where an interview can't go */
export function requireInterviewTransition(from: InterviewStatus, to: InterviewStatus): void {
  if (interviewTransitions[from].includes(to)) return
  throw new ApiError('CONFLICT', `An interview can't go from ${from} to ${to}`)
}
