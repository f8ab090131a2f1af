import Type from 'typebox'
import { findAnsweredQuestions } from '../../db/queries/answers.ts'
import { findInterview } from '../../db/queries/interviews.ts'
import type { Question } from '../../db/schema/campaigns.ts'
import type { TenantTransaction } from '../../db/tenant.ts'
import { ApiError, notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Interview } from '../../schemas/interviews.ts'
import { lockActiveCampaign } from '../campaigns/active.ts'
import { type Context, writeOperation } from '../core/operation.ts'
import { stands } from '../core/standing.ts'
import { beginInterview } from '../embed/begin-interview.ts'
import { sampleClip, sampleTone } from '../files/sample-media.ts'
import { arriving, takeFile } from '../files/take.ts'
import { lockOpenInterview, saveAnswer } from '../interviews/answers.ts'
import { completeInterview } from '../interviews/progress.ts'
import { type AskedQuestion, saveRecording, wantRecording } from '../interviews/recordings.ts'
import { serializeInterview } from '../interviews/serialize.ts'
import { lockSettledInvite } from '../invites/expire.ts'
import { requireInviteTransition } from '../invites/states.ts'

const SECONDS_OF_SOUND = 2
const USUAL_SECONDS = 30

const sentences = [
  'I would first ask what has changed since it last worked.',
  'In my last team we wrote it down, tried it with two customers, and threw half of it away.',
  'It went wrong the first time; what helped was to measure before touching anything.',
  'I like work where I can see whom it helps.',
]

/** Answers an interview as a candidate would. */
export const simulateInterview = writeOperation({
  name: 'sandbox.simulate',
  summary: 'Answer an interview as a candidate would, and complete it',
  description:
    'Answers every question that has no answer yet, with text, a choice or a short recording, and completes the ' +
    'interview. All events are sent as for a real candidate. Takes the id of an interview, or of an invite that ' +
    'nobody has opened yet.',
  access: 'interviews:write',
  input: Type.Object({ id: Type.Union([Id('int'), Id('inv')]) }),
  output: Interview,
  // The answers are transactions of their own, as the candidate's would be. Of two calls at once with the same
  // Idempotency-Key, one finds the interview completed. It gets the kept answer, because only `run` throws.
  async prepare(context, { id }) {
    const [simulated] = await Promise.allSettled([simulate(context, id)])
    return simulated
  },
  async run({ tx, organizationId, services }, _input, simulated) {
    if (simulated.status === 'rejected') throw simulated.reason
    const [row] = await findInterview(tx, organizationId, simulated.value)
    if (!row) throw notFound('Interview')
    return serializeInterview(row, services.showFile)
  },
})

/** @returns the interview's id @throws ApiError 404; 409 for an interview that is not open */
async function simulate(context: Context, id: string): Promise<string> {
  const { organizationId } = context
  const interviewId = id.startsWith('inv_') ? await openInvite(context, id) : id
  const questions = await step(context, async (tx) => {
    const row = await lockOpenInterview(tx, { organizationId, interviewId })
    const answered = await findAnsweredQuestions(tx, organizationId, interviewId)
    const done = new Set(answered.map(({ questionId }) => questionId))
    return row.questions.filter((question) => !done.has(question.id))
  })
  for (const [index, question] of questions.entries()) {
    const asked = { organizationId, interviewId, questionId: question.id }
    if (question.kind === 'audio' || question.kind === 'video') await record(context, asked, question.kind)
    else await write(context, asked, question, index)
  }
  await step(context, async (tx) => {
    const [row] = await findInterview(tx, organizationId, interviewId)
    if (row) await completeInterview(tx, organizationId, row.inviteId, interviewId)
  })
  return interviewId
}

/**
 * One transaction of a simulation. Like every write it locks the caller's credential, so that nothing is written after a
 * revocation was answered. The runner's own transaction then tells the caller.
 */
function step<T>(
  { services, organizationId, actor }: Context,
  work: (tx: TenantTransaction) => Promise<T>,
): Promise<T> {
  return services.tenancy.write(organizationId, async (tx) => {
    if (!(await stands(tx, actor, 'share'))) {
      throw new ApiError(
        'CONFLICT',
        'The credential was changed while the interview was simulated: try again',
      )
    }
    return work(tx)
  })
}

function openInvite(context: Context, id: string): Promise<string> {
  const { organizationId, services } = context
  return step(context, async (tx) => {
    const invite = await lockSettledInvite(tx, organizationId, id, services.publicUrl())
    if (!invite) throw notFound('Invite')
    if (invite.interviewId) return invite.interviewId
    requireInviteTransition(invite.status, 'started')
    await lockActiveCampaign(tx, organizationId, invite.campaignId)
    return beginInterview(tx, invite)
  })
}

async function write(
  context: Context,
  asked: AskedQuestion,
  question: Question,
  index: number,
): Promise<void> {
  const { options = [], timeLimitSeconds = USUAL_SECONDS } = question
  const content =
    question.kind === 'choice'
      ? { choice: options[index % options.length] as string }
      : { text: sentences[index % sentences.length] as string }
  const durationSeconds = Math.min(USUAL_SECONDS, timeLimitSeconds)
  await step(context, (tx) => saveAnswer(tx, asked, asked.questionId, { content, durationSeconds }))
}

async function record(context: Context, asked: AskedQuestion, kind: 'audio' | 'video'): Promise<void> {
  const { tenancy, files } = context.services
  const wanted = await step(context, (tx) => wantRecording(tx, asked))
  const bytes = kind === 'audio' ? sampleTone(SECONDS_OF_SOUND) : sampleClip()
  const arrive = arriving(files, bytes, `simulated.${kind === 'audio' ? 'wav' : 'webm'}`)
  await takeFile(files, tenancy, wanted, arrive, (file) =>
    step(context, (tx) => saveRecording(tx, asked, { ...file, kind })),
  )
}
