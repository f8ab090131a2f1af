import type { Answers } from './answers.ts'
import type { Interview, Question } from './interview.ts'
import type { Keeper } from './keep.ts'
import type { Media } from './media.ts'
import type { Texts } from './texts.ts'
import type { InterviewError } from './types.ts'

/** What one screen shows. */
export interface Screen {
  title: string
  /** Of the title, where that is not the language of the texts. */
  lang?: string
  /** Above the title. */
  over?: string
  content: (Node | string | null | false)[]
  /** Where the candidate is among the questions; null: the way there is not shown. */
  at: number | null
  /** Called once, before another screen takes its place. */
  leave?: () => void
  /** Called when the state of an answer has changed. */
  refresh?: () => void
  /** A recording runs, which going elsewhere would throw away. */
  busy?: () => boolean
  /** Its clock runs, which a break does not stop. */
  timed?: boolean
}

/** What every screen has at hand. */
export interface Room {
  readonly texts: Texts
  readonly interview: Interview
  readonly organization: string
  readonly keeper: Keeper
  readonly answers: Answers
  readonly media: Media
  show(screen: Screen): void
  /** Shows a question by its place, or, after the last one, the review. */
  go(index: number): void
  /** Tells a screen reader. */
  say(text: string): void
  /** Shows again what depends on the state of the screen, such as whether a break can be taken. */
  refresh(): void
  report(error: InterviewError): void
  finish(): Promise<void>
}

/** How far an answer has come, in words. */
export function statusText({ texts, answers }: Room, question: Question): string {
  const status = answers.status(question)
  if (status === 'sending') return `${texts.sending} ${Math.floor(answers.share * 100)} %`
  if (status === 'waiting') return texts.sending
  if (status === 'failed') return `${texts.failed}: ${answers.problem(question)}`
  if (status === 'kept') return texts.kept
  return status === 'saved' ? texts.saved : texts.open
}
