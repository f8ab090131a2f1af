import { computed, signal } from '@preact/signals'
import { DASHBOARD as BASE } from './place.ts'

const url = signal(new URL(location.href))
/** Why leaving the page would lose something, or null. */
export const leaving = signal<string | null>(null)
/** Where someone wanted to go while there was something to lose. */
export const heldBack = signal<string | null>(null)

/** The path below the dashboard's own, always with a leading and never with a trailing slash (but `/`). */
export const path = computed(() => url.value.pathname.slice(BASE.length).replace(/\/+$/, '') || '/')
export const query = computed(() => url.value.searchParams)

/** The address of a path of the dashboard, for links. */
export function at(to: string): string {
  return BASE + to
}

/** Goes to a path of the dashboard, unless something would be lost: then `heldBack` asks first. */
export function go(to: string, { replace = false } = {}): void {
  if (leaving.value !== null) {
    heldBack.value = to
    return
  }
  history[replace ? 'replaceState' : 'pushState'](null, '', at(to))
  url.value = new URL(location.href)
  if (!replace) scrollTo(0, 0)
}

/** Goes on to where someone was held back from. */
export function leaveAnyway(): void {
  const to = heldBack.value
  leaving.value = null
  heldBack.value = null
  if (to !== null) go(to)
}

/** Writes filters into the URL, so that a view can be shared and reloaded; null takes one out. */
export function setQuery(changes: Record<string, string | null>): void {
  const next = new URL(url.value)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.searchParams.delete(name)
    else next.searchParams.set(name, value)
  }
  history.replaceState(null, '', next)
  url.value = next
}

/** Takes the secret out of the fragment of the address, where a mailed link has it, so that it stays in no history. */
export function takeFragment(name: string): string | null {
  const value = new URLSearchParams(location.hash.slice(1)).get(name)
  if (location.hash) history.replaceState(null, '', location.pathname + location.search)
  return value
}

/** Follows links and the browser's buttons; called once. */
export function startRouter(): void {
  addEventListener('popstate', () => {
    if (leaving.value === null) {
      url.value = new URL(location.href)
      return
    }
    const to = location.pathname.slice(BASE.length) + location.search
    history.pushState(null, '', url.value)
    heldBack.value = to
  })
  addEventListener('beforeunload', (event) => {
    if (leaving.value !== null) event.preventDefault()
  })
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest?.('a')
    if (!link || event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    if (link.origin !== location.origin || link.target || link.hasAttribute('download')) return
    if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return
    if (link.hash && link.pathname === location.pathname) return
    event.preventDefault()
    go(link.pathname.slice(BASE.length) + link.search)
  })
}
