import { button, clock, h } from './dom.ts'
import { isSpoken, type Question } from './interview.ts'
import { countdown, recorderOf } from './recording.ts'
import { type Room, type Screen, statusText } from './room.ts'
import { isTimed, timedIntro } from './screens.ts'
import { fill } from './texts.ts'

/** One question, and the way to answer it. */
export function questionScreen(room: Room, index: number): Screen {
  const { texts, interview, answers, keeper } = room
  const question = interview.questions[index] as Question
  const over = fill(texts.questionOf, index + 1, interview.questions.length)
  const { ends } = keeper.kept
  if (isTimed(question) && !ends[question.id] && answers.status(question) === 'open') {
    return timedIntro(room, question, over, index, () => {
      ends[question.id] = Date.now() + (question.timeLimitSeconds ?? 0) * 1000
      keeper.save()
      room.go(index)
    })
  }

  const onward = () => room.go(index + 1)
  const body = isSpoken(question)
    ? recorderOf(room, question, onward)
    : written(room, question, index, onward)
  const status = h('span.status', {})
  const back = button(texts.back, () => room.go(index - 1))
  const next = button(texts.continue, onward, isSpoken(question) ? 'plain' : 'primary')
  back.disabled = index === 0
  const refresh = () => {
    const state = answers.status(question)
    status.className = `status ${state}`
    status.textContent = state === 'open' ? '' : statusText(room, question)
    back.disabled = index === 0 || !!body.busy?.()
    next.disabled = !!body.busy?.()
  }
  refresh()
  return {
    ...body,
    over,
    title: question.prompt,
    lang: interview.language,
    at: index,
    refresh,
    content: [...body.content, h('div.actions', {}, back, status, next)],
  }
}

/** Text or a choice. It is sent when the candidate moves on, wherever to. */
function written(
  room: Room,
  question: Question,
  index: number,
  onward: () => void,
): Omit<Screen, 'title' | 'at'> {
  const { texts, answers } = room
  const field = question.kind === 'text' ? textField(room, question) : choices(room, question)
  const time = h('p.clock', { role: 'timer' })
  const ends = room.keeper.kept.ends[question.id]
  let ticking: ReturnType<typeof setInterval> | undefined
  const tick = () => {
    const left = ((ends ?? 0) - Date.now()) / 1000
    time.textContent = left > 0 ? fill(texts.timeLeft, clock(left)) : texts.timeUp
    time.className = left < 30 ? 'clock late' : 'clock'
    if (left > 0) return countdown(room, left)
    clearInterval(ticking)
    // It ended while the candidate was away: what was kept is sent as it is.
    field.disabled = true
    if (index === room.keeper.kept.at && ticking) {
      onward()
      room.say(texts.timeUp)
    }
  }
  if (ends) {
    if (ends > Date.now()) ticking = setInterval(tick, 1000)
    tick()
  }
  return {
    timed: !!ends,
    leave: () => {
      clearInterval(ticking)
      const value = room.keeper.kept.drafts[question.id]
      if (value?.trim()) answers.submit(question)
    },
    content: [ends ? time : null, field],
  }
}

function textField({ texts, answers }: Room, question: Question): HTMLFieldSetElement {
  const area = h('textarea', { rows: 7, dir: 'auto', value: answers.value(question), maxLength: 20_000 })
  area.oninput = () => answers.draft(question, area.value)
  return h('fieldset', {}, h('label', {}, texts.yourAnswer, area))
}

function choices({ texts, answers, interview }: Room, question: Question): HTMLFieldSetElement {
  const chosen = answers.value(question)
  const options = (question.options ?? []).map((option) => {
    const input = h('input', { type: 'radio', name: 'choice', value: option, checked: option === chosen })
    input.onchange = () => answers.draft(question, option)
    return h('label.option', {}, input, h('span', { dir: 'auto', lang: interview.language }, option))
  })
  return h('fieldset', {}, h('legend', {}, texts.yourAnswer), ...options)
}
