import type { Queryable } from '../connect.ts'
import type { AnswerRow } from './interviews.ts'

/**
 * Saves an answer in the place of the one before.
 * @param at the organization's time
 */
export function upsertAnswer(
  tx: Queryable,
  organizationId: string,
  interviewId: string,
  answer: Omit<AnswerRow, 'answeredAt' | 'file'>,
  at: Date,
) {
  const { questionId, kind, text, choice, fileId, durationSeconds } = answer
  return tx`
    insert into answers (organization_id, interview_id, question_id, kind, text, choice, file_id, duration_seconds, answered_at)
    values (${organizationId}, ${interviewId}, ${questionId}, ${kind}, ${text}, ${choice}, ${fileId}, ${durationSeconds}, ${at})
    on conflict (organization_id, interview_id, question_id) do update
      set kind = excluded.kind, text = excluded.text, choice = excluded.choice, file_id = excluded.file_id,
        duration_seconds = excluded.duration_seconds, answered_at = excluded.answered_at`
}

/** Which questions of an interview are answered. */
export function findAnsweredQuestions(tx: Queryable, organizationId: string, interviewId: string) {
  return tx<{ questionId: string }[]>`
    select question_id from answers where organization_id = ${organizationId} and interview_id = ${interviewId}`
}
