import { button, h } from './dom.ts'
import { type Room, type Screen, statusText } from './room.ts'
import { fill } from './texts.ts'

/** Makes one step for each question, and one for the review. */
export function makeSteps(steps: Element, room: Room): void {
  const step = (_: unknown, index: number) =>
    h(
      'li',
      {},
      button('', () => room.go(index), 'quiet'),
    )
  steps.replaceChildren(...[...room.interview.questions, null].map(step))
}

/** Shows in the row of steps how far each answer has come, and where the candidate is. */
export function drawSteps(steps: Element, room: Room, screen: Screen | undefined, busy: boolean): void {
  const { texts, answers, interview } = room
  for (const [index, step] of [...steps.children].entries()) {
    const question = interview.questions[index]
    const dot = step.firstChild as HTMLButtonElement
    dot.className = question ? answers.status(question) : 'open'
    dot.style.setProperty('--share', `${answers.share * 100}%`)
    dot.disabled = busy
    const name = question
      ? `${fill(texts.questionOf, index + 1, steps.childElementCount - 1)}: ${statusText(room, question)}`
      : texts.review
    dot.setAttribute('aria-label', name)
    if (index === screen?.at) dot.setAttribute('aria-current', 'step')
    else dot.removeAttribute('aria-current')
  }
}
