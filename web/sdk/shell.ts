import { makeAnswers } from './answers.ts'
import { connect, Refused } from './connection.ts'
import { button, h } from './dom.ts'
import { type Interview, isSpoken, type Session } from './interview.ts'
import { keeper as makeKeeper } from './keep.ts'
import { makeMedia } from './media.ts'
import { questionScreen } from './question.ts'
import { type Room, type Screen, statusText } from './room.ts'
import { equipment, notice, review, welcome } from './screens.ts'
import { fill, pickLanguage, textsIn } from './texts.ts'
import type { InterviewError, MountOptions } from './types.ts'

/**
 * Runs an interview inside a shadow root.
 * @param base the API's origin
 * @returns what takes it away again
 */
export function run(place: ShadowRoot, options: MountOptions, base: string): () => void {
  const closed = new AbortController()
  const keeper = makeKeeper(options.invite, options.remember)
  const { kept } = keeper
  const media = makeMedia()
  let language = pickLanguage([options.language, ...navigator.languages])
  let texts = textsIn(language)
  let screen: Screen | undefined
  let first = true
  let room: Room

  const banner = h('p.banner', { role: 'status' })
  const spoken = h('p.spoken', { role: 'status' })
  const head = h('header')
  const steps = h('ol')
  const way = h('nav', {}, steps)
  const card = h('div.card', {})
  const frame = h('section.room', {}, banner, head, way, card, spoken)
  place.append(frame)

  const connection = connect(base, closed.signal, (reachable) => {
    banner.textContent = reachable ? '' : texts.offline
  })

  function show(next: Screen): void {
    const before = screen
    screen = undefined
    before?.leave?.()
    screen = next
    const title = h('h2', { tabIndex: -1, dir: 'auto', lang: next.lang ?? language }, next.title)
    card.replaceChildren(
      ...[next.over && h('p.over', {}, next.over), title, ...next.content].filter(
        (part) => part != null && part !== false,
      ),
    )
    refresh()
    // Where the reader is told of the new screen; not at first, as the page may have more to say than this.
    if (!first) {
      title.focus({ preventScroll: true })
      frame.scrollIntoView({ block: 'nearest' })
    }
    first = false
  }

  function refresh(): void {
    screen?.refresh?.()
    way.hidden = screen?.at === null
    pause.hidden = way.hidden
    const busy = !!screen?.busy?.()
    pause.disabled = busy || !!screen?.timed
    if (!room || way.hidden) return
    for (const [index, step] of [...steps.children].entries()) {
      const question = room.interview.questions[index]
      const dot = step.firstChild as HTMLButtonElement
      dot.className = question ? room.answers.status(question) : 'open'
      dot.style.setProperty('--share', `${room.answers.share * 100}%`)
      dot.disabled = busy
      const name = question
        ? `${fill(texts.questionOf, index + 1, steps.childElementCount - 1)}: ${statusText(room, question)}`
        : texts.review
      dot.setAttribute('aria-label', name)
      if (index === screen?.at) dot.setAttribute('aria-current', 'step')
      else dot.removeAttribute('aria-current')
    }
  }

  function report(error: InterviewError): void {
    options.onError?.(error)
  }

  function refuse(code: InterviewError['code'], error: Error): void {
    media.close()
    const { message, requestId } = error as Refused
    report({ code, message, requestId })
    if (code === 'UNEXPECTED') show(notice('closed', message, '', [texts.retry, () => void start()]))
    else show(notice('closed', texts.refused, texts.refusedText))
  }

  const pause = button(
    '',
    () => {
      const at = screen?.at ?? 0
      show(notice('paused', texts.pause, texts.pausedText, [texts.continue, () => void wake(at)]))
      void change('pause')
    },
    'quiet',
  )

  async function wake(at: number): Promise<void> {
    room.go(at)
    await change('resume')
  }

  // One after the other, and after the answers that are on their way: a paused interview takes none. Where the server has
  // moved on by itself, it is as the candidate wants it.
  let changes = Promise.resolve()
  function change(to: 'pause' | 'resume'): Promise<void> {
    const before = Promise.all([changes, room.answers.idle()])
    changes = before.then(() => connection.json<void>('POST', `/interview/${to}`).catch(() => {}))
    return changes
  }

  function thank(organization: string): void {
    show(notice('done', texts.thanks, fill(texts.thanksText, organization)))
  }

  async function start(): Promise<void> {
    // A reload at the end: the session is over, and there is nobody to ask.
    if (kept.completed) return thank(kept.completed)
    show({ title: '', at: null, content: [h('span.mark wait')] })
    try {
      await enter(await find())
    } catch (error) {
      if (closed.signal.aborted) return
      const { status } = error as Refused
      refuse(status >= 400 && status < 500 ? 'INVITE_REFUSED' : 'UNEXPECTED', error as Error)
    }
  }

  /** The interview of the session that this browser has, or of a new one for the invite. */
  async function find(): Promise<Interview> {
    connection.token = kept.token ?? ''
    if (kept.token) {
      try {
        return await connection.json<Interview>('GET', '/interview')
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 401) throw error
        connection.token = kept.exchange = ''
      }
    }
    // The invite is used as soon as the server has it: an answer that was lost on its way can be asked for again.
    kept.exchange ||= crypto.getRandomValues(new Uint32Array(4)).join('-')
    keeper.save()
    const { sessionToken, interview } = await connection.json<Session>(
      'POST',
      '/sessions',
      { invite: options.invite },
      { headers: { 'idempotency-key': kept.exchange }, tries: 3 },
    )
    connection.token = kept.token = sessionToken
    keeper.save()
    keeper.forget()
    return interview
  }

  async function enter(interview: Interview): Promise<void> {
    language = pickLanguage([options.language, interview.language, ...navigator.languages])
    texts = textsIn(language)
    frame.lang = language
    frame.dir = language === 'ar' ? 'rtl' : 'ltr'
    pause.textContent = texts.pause
    const organization = interview.organization.name
    frame.setAttribute('aria-label', interview.title)
    way.setAttribute('aria-label', texts.questions)
    const { questions } = interview
    const counts = () => ({
      interviewId: interview.id,
      answered: room.answers.saved,
      questions: questions.length,
    })
    const answers = makeAnswers(connection, interview, keeper, {
      changed: refresh,
      saved: (question) => options.onProgress?.({ ...counts(), questionId: question.id }),
      refused: (error) => report({ code: 'ANSWER_REFUSED', message: error.message }),
      ended: (error) => refuse('SESSION_ENDED', error),
    })
    room = {
      texts,
      interview,
      organization,
      keeper,
      answers,
      media,
      show,
      refresh,
      report,
      say: (text) => {
        spoken.textContent = text
      },
      go(index) {
        if (index < questions.length) {
          kept.at = Math.max(0, index)
          keeper.save()
        }
        show(index < questions.length ? questionScreen(room, kept.at) : review(room))
      },
      async finish() {
        // A complete interview takes no end of a break any more.
        await changes
        await connection.json('POST', '/interview/complete')
        done()
        options.onComplete?.(counts())
      },
    }
    const done = () => {
      keeper.finish(organization)
      media.close()
      thank(organization)
    }
    steps.replaceChildren(
      ...[...questions, null].map((_, index) =>
        h(
          'li',
          {},
          button('', () => room.go(index), 'quiet'),
        ),
      ),
    )
    head.replaceChildren(h('span', {}, organization), pause)
    options.onReady?.({
      interviewId: interview.id,
      status: interview.status,
      title: interview.title,
      organization,
      questions: questions.length,
      language,
    })
    const { status } = interview
    if (status === 'completed') done()
    else if (status === 'abandoned') refuse('SESSION_ENDED', new Error(status))
    else if (!kept.consented) show(welcome(room, begin))
    else if (status === 'paused')
      show(notice('paused', texts.pause, texts.pausedText, [texts.continue, () => void wake(kept.at)]))
    else room.go(kept.at)
  }

  function begin(): void {
    kept.consented = true
    keeper.save()
    const { questions } = room.interview
    if (!questions.some(isSpoken)) room.go(0)
    else
      show(
        equipment(
          room,
          questions.some(({ kind }) => kind === 'video'),
          () => room.go(0),
        ),
      )
  }

  addEventListener(
    'beforeunload',
    (event) => {
      if (screen?.busy?.()) event.preventDefault()
    },
    { signal: closed.signal },
  )
  void start()

  return () => {
    closed.abort()
    screen?.leave?.()
    media.close()
    frame.remove()
  }
}
