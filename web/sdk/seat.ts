import { button, h } from './dom.ts'
import { nameOf } from './keep.ts'
import { run } from './shell.ts'
import { speak } from './texts.ts'
import type { MountOptions } from './types.ts'

/** Milliseconds: a page that is reloaded may wait for itself. */
const PATIENCE = 500

/**
 * Runs an interview in one tab at a time: two would overwrite each other's answers. A second tab says so, and takes over
 * when the candidate wants it. Browsers without Web Locks run it wherever it is opened.
 * @returns what takes it away again
 */
export function takeSeat(place: ShadowRoot, options: MountOptions, base: string): () => void {
  const left = new AbortController()
  const { locks } = navigator
  let stop: (moved?: boolean) => void = () => {}

  function begin(): Promise<void> | undefined {
    if (left.signal.aborted) return
    stop()
    return new Promise<void>((release) => {
      left.signal.addEventListener('abort', () => release())
      stop = run(place, options, base, release)
    })
  }

  function take(how: LockOptions): void {
    locks.request(nameOf(options.invite), how, begin).catch(async ({ name }) => {
      if (left.signal.aborted) return
      // Not granted in time, or taken away. Anything else: this page may have no locks.
      if (!/Abort|Timeout/.test(name)) return void begin()
      stop(true)
      const { language, texts } = await speak(base, [options.language, ...navigator.languages])
      if (left.signal.aborted) return
      const card = h(
        'section.room',
        { lang: language, dir: language === 'ar' ? 'rtl' : 'ltr' },
        h(
          'div.card',
          {},
          h('span.mark paused'),
          h('h2', {}, texts.elsewhere),
          h('p.lead', {}, texts.takeOver),
          h(
            'div.actions',
            {},
            button(texts.continue, () => take({ steal: true }), 'primary'),
          ),
        ),
      )
      place.append(card)
      stop = () => card.remove()
    })
  }

  if (locks) take({ signal: AbortSignal.timeout(PATIENCE) })
  else void begin()
  return () => {
    left.abort()
    stop()
  }
}
