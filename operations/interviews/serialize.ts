import type { AnswerRow, InterviewRow, WholeInterviewRow } from '../../db/queries/interviews.ts'
import type { Question } from '../../db/schema/campaigns.ts'
import type { Answer, Interview } from '../../schemas/interviews.ts'
import type { ShowFile } from '../files/present.ts'

/** An interview as the API shows it, its answers in the order of the questions. */
export function serializeInterview(row: WholeInterviewRow, show: ShowFile): Interview {
  const byQuestion = new Map(row.answers.map((answer) => [answer.questionId, answer]))
  const answers = row.questions.flatMap((question) => {
    const answer = byQuestion.get(question.id)
    return answer ? [serializeAnswer(question, answer, show)] : []
  })
  return { ...serializeFacts(row), answers }
}

/** An interview as events tell of it: what a candidate said is not in them, and need not be erased from them. */
export function serializeInterviewEvent(row: InterviewRow): Omit<Interview, 'answers'> {
  return serializeFacts(row)
}

function serializeFacts(row: InterviewRow): Omit<Interview, 'answers'> {
  return {
    id: row.id,
    campaignId: row.campaignId,
    candidateId: row.candidateId,
    inviteId: row.inviteId,
    status: row.status,
    title: row.title,
    startedAt: row.startedAt,
    completedAt: row.completedAt,
    durationSeconds: row.startedAt === null ? null : Math.round(row.activeMs / 1000),
    createdAt: row.createdAt,
  }
}

function serializeAnswer(question: Question, row: AnswerRow, show: ShowFile): Answer {
  const { questionId, kind, text, choice, durationSeconds, answeredAt, file } = row
  return {
    questionId,
    prompt: question.prompt,
    kind: kind as Answer['kind'],
    ...(kind === 'text' ? { text: text ?? '' } : {}),
    ...(kind === 'choice' ? { choice: choice ?? '' } : {}),
    ...(kind === 'audio' || kind === 'video' ? { file: file && show(file) } : {}),
    durationSeconds,
    overTimeLimit: (durationSeconds ?? 0) > (question.timeLimitSeconds ?? Number.POSITIVE_INFINITY),
    answeredAt: new Date(answeredAt),
  }
}
