import { useEffect } from 'preact/hooks'
import { pages } from '../app/pages.ts'
import { go } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Dialog } from '../components/dialog.tsx'
import { paletteOpen, shortcutsOpen } from './open.ts'

const SEQUENCE_MS = 1200
const visits = pages.flatMap(({ path, entry }) => (entry?.key ? [{ path, ...entry, key: entry.key }] : []))

// What a key does at the moment, if anything.
const acts: Record<string, () => (() => void) | undefined> = {
  '?': () => () => {
    shortcutsOpen.value = true
  },
  c: () => (may('keys:write') ? () => go('/settings/keys/new') : undefined),
  '/': () => {
    const search = document.querySelector<HTMLElement>('main input[type=search]')
    return search ? () => search.focus() : undefined
  },
}

/** The shortcuts, and their list: `?`. */
export function Shortcuts() {
  useEffect(() => {
    // Since when a page is open counts from 0 as well: no letter follows a `g` that was never pressed.
    let afterG = Number.NEGATIVE_INFINITY
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        if (paletteOpen.value || !document.querySelector('dialog[open]'))
          paletteOpen.value = !paletteOpen.value
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const isVisit = event.timeStamp - afterG < SEQUENCE_MS
      afterG = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY
      const visit = isVisit ? visits.find(({ key }) => key === event.key) : undefined
      const act = visit ? () => go(visit.path) : acts[event.key]?.()
      if (!act) return
      // The letter is no text for the field that the focus may go to.
      event.preventDefault()
      act()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  if (!shortcutsOpen.value) return null
  const close = () => {
    shortcutsOpen.value = false
  }
  return (
    <Dialog title="Keyboard shortcuts" onClose={close}>
      <dl class="shortcuts">
        <Row keys={['Ctrl', 'K']} what="Find or do" />
        <Row keys={['/']} what="Search in the list" />
        <Row keys={['j', 'k']} what="Down and up the rows of a table" />
        <Row keys={['c']} what="Create API Key" />
        {visits.map(({ key, title }) => (
          <Row key={key} keys={['g', key]} what={`Go to ${title}`} />
        ))}
        <Row keys={['?']} what="This list" />
      </dl>
    </Dialog>
  )
}

function Row({ keys, what }: { keys: readonly string[]; what: string }) {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{what}</dd>
    </div>
  )
}

// Letters belong to who is writing, and to an open dialog, wherever in it the focus is.
function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open]')) return true
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null
}
