import { findAnsweredQuestions } from '../../db/queries/answers.ts'
import { findInterview } from '../../db/queries/interviews.ts'
import type { Question } from '../../db/schema/campaigns.ts'
import type { Tenancy } from '../../db/tenant.ts'
import { notFound } from '../../schemas/errors.ts'
import { beginInterview } from '../embed/sessions.ts'
import { sampleClip, sampleTone } from '../files/sample-media.ts'
import type { FileStore } from '../files/store.ts'
import { arriving, takeFile } from '../files/take.ts'
import { lockOpenInterview, saveAnswer } from '../interviews/answers.ts'
import { completeInterview } from '../interviews/progress.ts'
import { type AskedQuestion, saveRecording, wantRecording } from '../interviews/recordings.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { lockActiveCampaign } from '../invites/invites.ts'
import { requireInviteTransition } from '../invites/states.ts'

const SECONDS_OF_SOUND = 2
const USUAL_SECONDS = 30

const sentences = [
  'I would first ask what has changed since it last worked.',
  'In my last team we wrote it down, tried it with two customers, and threw half of it away.',
  'It went wrong the first time; what helped was to measure before touching anything.',
  'I like work where I can see whom it helps.',
]

/** What simulating needs. */
export interface Simulation {
  readonly tenancy: Tenancy
  readonly files: FileStore
  publicUrl(): string
}

/**
 * Answers an interview as a candidate would, and completes it: what is answered already stays. An invite that waits is
 * opened first. Each step is a transaction of its own, at its own time, as the candidate's would be.
 * @param id of an interview, or of an invite
 * @returns the interview's id
 * @throws ApiError 404; 409 for what is not open
 */
export async function simulateInterview(by: Simulation, organizationId: string, id: string): Promise<string> {
  const interviewId = id.startsWith('inv_') ? await openInvite(by, organizationId, id) : id
  const questions = await by.tenancy.write(organizationId, async (tx) => {
    const row = await lockOpenInterview(tx, { organizationId, interviewId })
    const answered = await findAnsweredQuestions(tx, organizationId, interviewId)
    const done = new Set(answered.map(({ questionId }) => questionId))
    return row.questions.filter((question) => !done.has(question.id))
  })
  for (const [index, question] of questions.entries()) {
    const asked = { organizationId, interviewId, questionId: question.id }
    if (question.kind === 'audio' || question.kind === 'video') await record(by, asked, question.kind)
    else await write(by, asked, question, index)
  }
  await by.tenancy.write(organizationId, async (tx) => {
    const [row] = await findInterview(tx, organizationId, interviewId)
    if (row) await completeInterview(tx, organizationId, row.inviteId, interviewId)
  })
  return interviewId
}

async function openInvite(by: Simulation, organizationId: string, id: string): Promise<string> {
  return by.tenancy.write(organizationId, async (tx) => {
    const invite = await lockSettledInvite(tx, organizationId, id, by.publicUrl())
    if (!invite) throw notFound('Invite')
    if (invite.interviewId) return invite.interviewId
    requireInviteTransition(invite.status, 'started')
    await lockActiveCampaign(tx, organizationId, invite.campaignId)
    return beginInterview(tx, invite)
  })
}

async function write(by: Simulation, asked: AskedQuestion, question: Question, index: number): Promise<void> {
  const { options = [], timeLimitSeconds = USUAL_SECONDS } = question
  const content =
    question.kind === 'choice'
      ? { choice: options[index % options.length] as string }
      : { text: sentences[index % sentences.length] as string }
  const durationSeconds = Math.min(USUAL_SECONDS, timeLimitSeconds)
  await by.tenancy.write(asked.organizationId, (tx) =>
    saveAnswer(tx, asked, asked.questionId, { content, durationSeconds }),
  )
}

async function record(by: Simulation, asked: AskedQuestion, kind: 'audio' | 'video'): Promise<void> {
  const { tenancy, files } = by
  const wanted = await tenancy.write(asked.organizationId, (tx) => wantRecording(tx, asked))
  const bytes = kind === 'audio' ? sampleTone(SECONDS_OF_SOUND) : sampleClip()
  await takeFile(
    files,
    tenancy,
    wanted,
    arriving(files, bytes, `simulated.${kind === 'audio' ? 'wav' : 'webm'}`),
    (keep) => tenancy.write(asked.organizationId, (tx) => saveRecording(tx, asked, wanted, keep)),
  )
}
