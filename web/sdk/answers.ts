import { type Connection, Refused } from './connection.ts'
import { type Interview, isSpoken, type Question } from './interview.ts'
import type { Keeper } from './keep.ts'
import type { AnswerStatus } from './states.ts'
import { sendRecording } from './uploads.ts'

/** What is answered, what is kept here, and what is on its way. */
export interface Answers {
  status(question: Question): AnswerStatus
  /** Of a sending answer, from 0 to 1. */
  readonly share: number
  /** Why an answer was not taken. */
  problem(question: Question): string
  /** Text or choice as it stands. */
  value(question: Question): string
  /** Keeps text or choice in this browser. */
  draft(question: Question, value: string): void
  /** A recording that is not on the server yet. */
  recording(question: Question): Promise<Blob | undefined>
  keepRecording(question: Question, recording: Blob | null): Promise<void>
  /** Sends what is kept of an answer, after those that wait already. */
  submit(question: Question): void
  /** How many are on the server. */
  readonly saved: number
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
}

interface Hooks {
  /** Something to show has changed. */
  changed(): void
  saved(question: Question): void
  refused(error: Refused): void
  /** The session takes nothing more. */
  ended(error: Refused): void
}

export function makeAnswers(
  connection: Connection,
  interview: Interview,
  keeper: Keeper,
  hooks: Hooks,
): Answers {
  const { kept } = keeper
  const onServer = new Map(
    interview.answers.map((answer) => [answer.questionId, answer.text ?? answer.choice ?? '']),
  )
  const problems = new Map<string, string>()
  // Also for browsers that keep no files.
  const recordings = new Map<string, Blob>()
  let share = 0
  let working = Promise.resolve()

  const answers: Answers = {
    get share() {
      return share
    },
    get saved() {
      return onServer.size
    },
    status({ id }) {
      if (kept.sending === id) return 'sending'
      if (kept.waiting.includes(id)) return 'waiting'
      if (problems.has(id)) return 'failed'
      if (recordings.has(id)) return 'kept'
      return onServer.has(id) ? 'saved' : 'open'
    },
    problem: ({ id }) => problems.get(id) ?? '',
    value: ({ id }) => kept.drafts[id] ?? onServer.get(id) ?? '',
    draft({ id }, value) {
      if (value === onServer.get(id)) delete kept.drafts[id]
      else kept.drafts[id] = value
      keeper.save()
    },
    async recording({ id }) {
      const recording = recordings.get(id) ?? (await keeper.recording(id))
      if (recording) recordings.set(id, recording)
      return recording
    },
    async keepRecording({ id }, recording) {
      delete kept.uploads[id]
      if (recording) recordings.set(id, recording)
      else recordings.delete(id)
      await keeper.keepRecording(id, recording)
    },
    submit({ id }) {
      problems.delete(id)
      if (!kept.waiting.includes(id)) kept.waiting.push(id)
      keeper.save()
      working = working.then(sendNext)
      hooks.changed()
    },
    idle: () => working,
  }
  for (const question of interview.questions.filter(isSpoken))
    void answers.recording(question).then(hooks.changed)
  // What was on its way when the page was left starts again.
  if (kept.sending) kept.waiting.unshift(kept.sending)
  kept.sending = ''
  for (const _ of kept.waiting) working = working.then(sendNext)

  async function sendNext(): Promise<void> {
    const question = interview.questions.find(({ id }) => id === kept.waiting[0])
    const id = kept.waiting.shift()
    if (!question || !id) return
    kept.sending = id
    share = 0
    keeper.save()
    hooks.changed()
    try {
      await deliver(question)
      kept.sending = ''
      hooks.saved(question)
    } catch (error) {
      // The page is being left: it stays on its way, for the next time.
      if (!(error instanceof Refused)) return
      kept.sending = ''
      problems.set(id, error.message)
      if (error.status === 401 || error.status === 409) hooks.ended(error)
      else hooks.refused(error)
    } finally {
      keeper.save()
      hooks.changed()
    }
  }

  async function deliver(question: Question): Promise<void> {
    const { id, kind } = question
    const draft = kept.drafts[id]
    if (kind === 'text' || kind === 'choice') {
      if (draft === undefined) return
      await connection.json('PUT', `/interview/answers/${id}`, { [kind]: draft })
      onServer.set(id, draft)
      if (kept.drafts[id] === draft) delete kept.drafts[id]
      return
    }
    const recording = await answers.recording(question)
    if (!recording) return
    await sendRecording(connection, keeper, id, recording, (now) => {
      share = now
      hooks.changed()
    })
    onServer.set(id, '')
    // Unless another one was recorded meanwhile.
    if (recordings.get(id) === recording) await answers.keepRecording(question, null)
  }
  return answers
}
