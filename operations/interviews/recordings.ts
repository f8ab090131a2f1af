import { deleteReplacedRecordings } from '../../db/queries/files.ts'
import type { InterviewRow } from '../../db/queries/interviews.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { badRequest } from '../../schemas/errors.ts'
import type { Services } from '../core/services.ts'
import { type Arrived, LIMIT_BYTES, type TakenFile, takeFile, type Wanted } from '../files/take.ts'
import { lockOpenInterview, questionOf, saveAnswer } from './answers.ts'

/** A recording to take in. */
export type WantedRecording = Wanted & { readonly kind: 'audio' | 'video' }

/** A recording whose bytes are safe, as the input of the operation that keeps it. */
export interface TakenRecording extends TakenFile {
  readonly kind: 'audio' | 'video'
}

/** A question of the interview that a session opens. */
export interface AskedQuestion {
  readonly organizationId: string
  readonly interviewId: string
  readonly questionId: string
}

/**
 * What a recording has to be to answer a question. Asked before it arrives, so that nobody sends 200 MiB in vain.
 * @throws ApiError 400 for a question that wants no recording, 404 for no such question, 409 where the interview takes
 *   no more answers
 */
export async function wantRecording(tx: TenantTransaction, asked: AskedQuestion): Promise<WantedRecording> {
  const { organizationId, interviewId, questionId } = asked
  const row = await lockOpenInterview(tx, asked)
  const { kind } = questionOf(row, questionId)
  if (kind !== 'audio' && kind !== 'video') {
    throw badRequest(
      'body.file',
      `does not answer this question, which wants ${kind === 'text' ? 'text' : 'a choice'}`,
    )
  }
  const owner = { candidateId: row.candidateId, interviewId, questionId }
  return { organizationId, owner, kind }
}

/**
 * Takes in the recording of an answer.
 * @param arrive writes what arrives to `services.files.incoming` under the id, at most `limitBytes`
 * @param keep runs the operation that saves the answer
 * @throws ApiError as `wantRecording` and `takeFile`; whatever `arrive` and `keep` throw
 */
export async function takeRecording<T>(
  { files, tenancy }: Pick<Services, 'files' | 'tenancy'>,
  asked: AskedQuestion,
  arrive: (id: string, limitBytes: number) => Promise<Arrived>,
  keep: (file: TakenRecording) => Promise<T>,
): Promise<T> {
  const wanted = await tenancy.write(asked.organizationId, (tx) => wantRecording(tx, asked))
  const { kind } = wanted
  return takeFile(
    files,
    tenancy,
    wanted,
    (id) => arrive(id, LIMIT_BYTES[kind]),
    (file) => keep({ ...file, kind }),
  )
}

/**
 * Saves a recording as the answer to its question: file and answer in one transaction, and the recording before it goes.
 * @throws ApiError 409 where the interview takes no more answers by now
 */
export async function saveRecording(
  tx: TenantTransaction,
  asked: AskedQuestion,
  { kind, keep }: TakenRecording,
): Promise<InterviewRow> {
  const { organizationId, interviewId, questionId } = asked
  // Locks in one order everywhere: the interview, then its files.
  await lockOpenInterview(tx, asked)
  const { id: fileId, duration } = await keep(tx)
  const durationSeconds = duration === null ? null : Math.round(duration)
  const answer = { content: { fileId, kind }, durationSeconds }
  const row = await saveAnswer(tx, asked, questionId, answer)
  await deleteReplacedRecordings(tx, organizationId, { interviewId, questionId, fileId })
  return row
}
