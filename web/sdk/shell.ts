import { makeAnswers } from './answers.ts'
import { connect, type Refused } from './connection.ts'
import { button, h } from './dom.ts'
import { exchange, lookAt } from './entrance.ts'
import { type Facts, type Interview, isSpoken } from './interview.ts'
import { keeper as makeKeeper } from './keep.ts'
import { makeMedia } from './media.ts'
import { questionScreen } from './question.ts'
import type { Room, Screen } from './room.ts'
import { equipment, notice, review, welcome } from './screens.ts'
import { drawSteps, makeSteps } from './steps.ts'
import { fill, inEnglish, speak } from './texts.ts'
import type { InterviewError, InterviewStatus, MountOptions } from './types.ts'

/**
 * Runs an interview inside a shadow root.
 * @param base the API's origin
 * @param finished is called once the interview is complete: nothing is left that two tabs could fight over
 * @returns what takes it away again; `moved` where another tab goes on with it
 */
export function run(
  place: ShadowRoot,
  options: MountOptions,
  base: string,
  finished: () => void,
): (moved?: boolean) => void {
  const closed = new AbortController()
  const keeper = makeKeeper(options.invite, options.remember)
  const { kept } = keeper
  const media = makeMedia()
  let { language, texts } = inEnglish
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
    if (room && !way.hidden) drawSteps(steps, room, screen, busy)
  }

  /** @param shown by default that the invitation cannot be used */
  function refuse(
    code: InterviewError['code'],
    { message, requestId }: Pick<Refused, 'message'> & Partial<Refused>,
    shown = notice('closed', texts.refused, texts.refusedText),
  ): void {
    media.close()
    options.onError?.({ code, message, requestId })
    show(shown)
  }

  const lose = (error: Parameters<typeof refuse>[1]) =>
    refuse('SESSION_ENDED', error, notice('closed', texts.ended, texts.endedText))

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

  /** Loads the texts in the language of the page, of the campaign or of the browser. */
  async function translate(own?: string): Promise<void> {
    const spoken = await speak(base, [options.language, own, ...navigator.languages])
    closed.signal.throwIfAborted()
    language = spoken.language
    texts = spoken.texts
    frame.lang = language
    frame.dir = language === 'ar' ? 'rtl' : 'ltr'
    pause.textContent = texts.pause
    way.setAttribute('aria-label', texts.questions)
  }

  function thank(organization: string): void {
    finished()
    show(notice('done', texts.thanks, fill(texts.thanksText, organization)))
  }

  /** Shows that something is under way, and why it failed. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    show({ title: '', at: null, content: [h('span.mark wait')] })
    try {
      await work()
    } catch (error) {
      await translated
      if (closed.signal.aborted) return
      const { status, reason, message, hint } = error as Refused
      const told = (action?: [string, () => void]) => notice('closed', message, '', action)
      if (reason === 'origin_not_allowed') {
        // For who built the page: the browser shows it in the console.
        reportError(new Error(`InterviewSDK: ${message}. ${hint}.`))
        refuse('ORIGIN_NOT_ALLOWED', error as Refused, told())
      } else if (status >= 400 && status < 500) refuse('INVITE_REFUSED', error as Refused)
      else refuse('UNEXPECTED', error as Refused, told([texts.retry, start]))
    }
  }

  const start = () => void attempt(look)

  /** Goes on with the session that this browser has, or shows what the invite leads to. */
  async function look(): Promise<void> {
    // The session of a completed interview is over: there is nobody to ask.
    if (kept.completed) return translated.then(() => thank(kept.completed ?? ''))
    connection.token = kept.token ?? ''
    try {
      const interview = kept.token && (await connection.json<Interview>('GET', '/interview'))
      if (interview) {
        await tell(interview, interview.status, interview.id)
        return enter(interview)
      }
    } catch (error) {
      if ((error as Refused).status !== 401) throw error
      connection.token = kept.token = kept.exchange = ''
    }
    const preview = await lookAt(connection, keeper, options.invite)
    const { status, title, organization, returning } = preview
    const over = status === 'completed' || status === 'abandoned'
    await tell(preview, over ? status : status === 'pending' ? 'created' : 'in_progress')
    if (status === 'completed') end(organization.name)
    else if (over || status === 'cancelled') lose({ message: status })
    else if (returning)
      show(notice('paused', title, texts.pausedText, [texts.continue, () => void attempt(() => open(false))]))
    else
      show(
        welcome(texts, preview, () => {
          kept.consented = true
          void attempt(() => open(true))
        }),
      )
  }

  async function open(fresh: boolean): Promise<void> {
    enter(await exchange(connection, keeper, options.invite), fresh)
  }

  /** Takes the campaign's language, and tells the page what is shown. */
  async function tell(
    { language: own, title, organization, questions }: Facts,
    status: InterviewStatus,
    interviewId: string | null = null,
  ): Promise<void> {
    await translated
    await translate(own)
    frame.setAttribute('aria-label', title)
    head.replaceChildren(h('span', {}, organization.name), pause)
    options.onReady?.({
      interviewId,
      status,
      title,
      organization: organization.name,
      questions: questions.length,
      language,
    })
  }

  function end(organization: string): void {
    keeper.finish(organization)
    media.close()
    thank(organization)
  }

  function enter(interview: Interview, fresh = false): void {
    const organization = interview.organization.name
    const { questions } = interview
    const counts = () => ({
      interviewId: interview.id,
      answered: room.answers.saved,
      questions: questions.length,
    })
    const answers = makeAnswers(connection, interview, keeper, {
      changed: refresh,
      saved: (question) => options.onProgress?.({ ...counts(), questionId: question.id }),
      refused: ({ message }) => options.onError?.({ code: 'ANSWER_REFUSED', message }),
      ended(error) {
        keeper.forget()
        lose(error)
      },
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
      report: (error) => options.onError?.(error),
      say: (text) => spoken.replaceChildren(text),
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
        end(organization)
        options.onComplete?.(counts())
      },
    }
    makeSteps(steps, room)
    const { status } = interview
    if (status === 'completed') end(organization)
    else if (status === 'abandoned') lose({ message: status })
    else if (!kept.consented) show(welcome(texts, interview, begin))
    else if (fresh) begin()
    else if (status === 'paused')
      show(notice('paused', texts.pause, texts.pausedText, [texts.continue, () => void wake(kept.at)]))
    else room.go(kept.at)
  }

  function begin(): void {
    kept.consented = true
    keeper.save()
    const { questions } = room.interview
    if (questions.some(isSpoken)) show(equipment(room, () => room.go(0)))
    else room.go(0)
  }

  addEventListener(
    'beforeunload',
    (event) => {
      if (screen?.busy?.()) event.preventDefault()
    },
    { signal: closed.signal },
  )
  // What is asked of the server meanwhile takes as long.
  const translated = translate().catch(() => {})
  start()

  return (moved) => {
    // What this tab would still write is older than what the other one writes.
    if (moved) keeper.save = () => {}
    closed.abort()
    screen?.leave?.()
    media.close()
    frame.remove()
  }
}
