import { button, clock, h } from './dom.ts'
import { type Facts, isSpoken, type Question } from './interview.ts'
import { type Room, type Screen, statusText } from './room.ts'
import { isUnsent } from './states.ts'
import { studio } from './studio.ts'
import { fill, type Texts } from './texts.ts'

/** Who asks, what is recorded, and the candidate's word on it. */
export function welcome(texts: Texts, facts: Omit<Facts, 'language'>, begin: () => void): Screen {
  const { title, questions } = facts
  const organization = facts.organization.name
  const has = (kind: Question['kind']) => questions.some((question) => question.kind === kind)
  const agreed = h('input', { type: 'checkbox', required: true })
  return {
    title,
    at: null,
    content: [
      h('p.lead', {}, fill(texts.invited, organization)),
      h('h3', {}, texts.recorded),
      h(
        'ul.facts',
        {},
        (has('text') || has('choice')) && h('li', {}, texts.yourAnswer),
        has('audio') && h('li', {}, texts.recordsAudio),
        has('video') && h('li', {}, texts.recordsVideo),
      ),
      h('label.option', {}, agreed, h('span', {}, fill(texts.consent, organization))),
      h(
        'div.actions',
        {},
        h('span.clock', {}, `${texts.questions}: ${questions.length}`),
        // The browser says in its own words what is missing, and moves the focus there.
        button(texts.begin, () => agreed.reportValidity() && begin(), 'primary'),
      ),
    ],
  }
}

/** A look at microphone and camera before they matter. */
export function equipment(room: Room, onward: () => void): Screen {
  const { texts } = room
  const video = room.interview.questions.some(({ kind }) => kind === 'video')
  const next = button(texts.continue, onward)
  const hint = h('p.lead', {})
  const booth = studio(room, video, (ready) => {
    next.className = ready ? 'primary' : 'plain'
    hint.textContent = ready ? texts.speak : ''
  })
  if (room.media.allowed) void booth.open()
  return {
    title: video ? `${texts.camera} · ${texts.microphone}` : texts.microphone,
    at: null,
    leave: booth.close,
    content: [hint, booth.element, h('div.actions', {}, next)],
  }
}

/** All answers at a glance, and the end. */
export function review(room: Room): Screen {
  const { texts, interview, answers } = room
  const note = h('p.note', { role: 'alert' })
  let warned = false
  const rows = interview.questions.map((question, index) => {
    const status = h('span.status', {})
    const change = button('', () => room.go(index), 'quiet')
    const send = button(texts.send, () => answers.submit(question), 'quiet')
    const refresh = () => {
      const state = answers.status(question)
      status.textContent = statusText(room, question)
      status.className = `status ${state}`
      send.hidden = !isUnsent(state)
      change.textContent = texts.change
      change.setAttribute('aria-label', `${change.textContent}: ${question.prompt}`)
    }
    refresh()
    const text = h('span.prompt', { dir: 'auto', lang: interview.language }, question.prompt)
    return { refresh, element: h('li', {}, h('div', {}, text, status), send, change) }
  })
  const finish = button(texts.finish, () => void end(), 'primary')

  async function end(): Promise<void> {
    finish.disabled = true
    note.textContent = texts.sending
    await answers.idle()
    const missing = interview.questions.some((question) => /open|failed|kept/.test(answers.status(question)))
    note.textContent = missing && !warned ? texts.missingSome : ''
    if (!note.textContent) await room.finish().catch((error: Error) => note.append(error.message))
    warned = true
    finish.disabled = false
  }

  return {
    title: texts.review,
    at: interview.questions.length,
    refresh: () => {
      for (const row of rows) row.refresh()
    },
    content: [
      h('p.lead', {}, texts.reviewText),
      h('ul.review', {}, ...rows.map(({ element }) => element)),
      note,
      h(
        'div.actions',
        {},
        button(texts.back, () => room.go(interview.questions.length - 1)),
        finish,
      ),
    ],
  }
}

/** A screen that only says something, with at most one thing to do. */
export function notice(mark: string, title: string, text: string, action?: [string, () => void]): Screen {
  return {
    title,
    at: null,
    content: [
      h('p.lead', {}, text),
      action ? h('div.actions', {}, button(action[0], action[1], 'primary')) : null,
      h(`span.mark ${mark}`),
    ],
  }
}

/** Asks to begin a question whose time runs from when it is seen. */
export function timedIntro(
  { texts }: Room,
  question: Question,
  over: string,
  at: number,
  show: () => void,
): Screen {
  return {
    over,
    title: fill(texts.timed, clock(question.timeLimitSeconds ?? 0)),
    at,
    content: [h('div.actions', {}, button(texts.begin, show, 'primary'))],
  }
}

/** Whether a question runs against the clock from when it is seen; a recording's time runs while it records. */
export function isTimed(question: Question): boolean {
  return !isSpoken(question) && !!question.timeLimitSeconds
}
