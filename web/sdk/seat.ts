import { button, h } from './dom.ts'
import { nameOf } from './keep.ts'
import { run } from './shell.ts'
import { pickLanguage, textsIn } from './texts.ts'
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
  const texts = textsIn(pickLanguage([options.language, ...navigator.languages]))
  let stop: (moved?: boolean) => void = () => {}

  function begin(): Promise<unknown> | undefined {
    if (left.signal.aborted) return
    stop()
    stop = run(place, options, base)
    return new Promise((release) => left.signal.addEventListener('abort', release))
  }

  function take(how: LockOptions): void {
    locks.request(nameOf(options.invite), how, begin).catch(({ name }) => {
      if (left.signal.aborted) return
      // Not granted in time, or taken away. Anything else: this page may have no locks.
      if (!/Abort|Timeout/.test(name)) return void begin()
      stop(true)
      const card = h(
        'section.room',
        {},
        h(
          'div.card',
          {},
          h('h2', {}, texts.elsewhere),
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
