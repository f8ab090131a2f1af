import type { Queryable } from '../../db/connect.ts'
import { upsertAnswer } from '../../db/queries/answers.ts'
import type { InterviewRow } from '../../db/queries/interviews.ts'
import type { Question } from '../../db/schema/campaigns.ts'
import { ApiError, badRequest, notFound } from '../../schemas/errors.ts'
import type { AnswerInput } from '../../schemas/interviews.ts'
import { lockSettledInterview, moveInterview, touchInterview } from './progress.ts'

/** What an answer holds: text, one of the options, or a recording that is stored already. */
export type AnswerContent =
  | { readonly text: string }
  | { readonly choice: string }
  | { readonly fileId: string; readonly kind: 'audio' | 'video' }

/** An answer on its way in. */
export interface GivenAnswer {
  readonly content: AnswerContent
  /** As the browser measured it. */
  readonly durationSeconds: number | null
}

/**
 * Reads an answer of text or a choice.
 * @throws ApiError 400 where not exactly one of `text` and `choice` is given
 */
export function readAnswer({ text, choice, durationSeconds }: AnswerInput): GivenAnswer {
  if ((text === undefined) === (choice === undefined)) throw badRequest('body', 'needs either text or choice')
  const content = text === undefined ? { choice: choice as string } : { text }
  return { content, durationSeconds: durationSeconds ?? null }
}

/**
 * Saves the answer to a question, in the place of the one before: sent twice it is there once. Whoever answers is back
 * from a pause.
 * @returns the interview
 * @throws ApiError 400 for an answer of another kind or an option that there is not, 404 for no such question, 409 where
 *   the interview takes no more
 */
export async function saveAnswer(
  tx: Queryable,
  session: { organizationId: string; interviewId: string },
  questionId: string,
  answer: GivenAnswer,
): Promise<InterviewRow> {
  const { organizationId, interviewId } = session
  const row = await lockOpenInterview(tx, session)
  const question = questionOf(row, questionId)
  requireFit(question, answer.content)
  const under = row.status === 'in_progress' ? row : await moveInterview(tx, row, 'in_progress', row.now)
  const { content, durationSeconds } = answer
  const stored = {
    questionId,
    kind: question.kind,
    text: 'text' in content ? content.text : null,
    choice: 'choice' in content ? content.choice : null,
    fileId: 'fileId' in content ? content.fileId : null,
    durationSeconds,
  }
  await upsertAnswer(tx, organizationId, interviewId, stored, row.now)
  return under
}

/** An interview that still takes answers, locked, with this sign of life noted. @throws ApiError 404, or 409 */
export async function lockOpenInterview(
  tx: Queryable,
  { organizationId, interviewId }: { organizationId: string; interviewId: string },
): Promise<InterviewRow> {
  const row = await lockSettledInterview(tx, organizationId, interviewId)
  if (!row) throw notFound('Interview')
  if (row.status === 'completed' || row.status === 'abandoned') {
    throw new ApiError('CONFLICT', `This interview is ${row.status}: it takes no more answers`)
  }
  return touchInterview(tx, row)
}

/** @throws ApiError 404 */
export function questionOf(row: Pick<InterviewRow, 'questions'>, id: string): Question {
  const question = row.questions.find((candidate) => candidate.id === id)
  if (!question) throw notFound('Question')
  return question
}

/** @throws ApiError 400 for an answer of another kind than the question's, or an option that it has not */
function requireFit(question: Question, content: AnswerContent): void {
  const kind = 'text' in content ? 'text' : 'choice' in content ? 'choice' : content.kind
  if (kind !== question.kind) {
    const place = kind === 'text' || kind === 'choice' ? `body.${kind}` : 'body.file'
    throw badRequest(place, `does not answer this question, which wants ${wanted[question.kind]}`)
  }
  if ('choice' in content && !question.options?.includes(content.choice)) {
    throw badRequest('body.choice', `must be one of: ${question.options?.join(', ')}`)
  }
}

const wanted: Record<Question['kind'], string> = {
  text: 'text',
  choice: 'one of its options as choice',
  audio: 'an audio file (multipart/form-data, field file)',
  video: 'a video file (multipart/form-data, field file)',
}
