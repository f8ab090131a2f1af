import { computed, signal } from '@preact/signals'
import { api, ask, type WhoAmI } from './api.ts'
import { at, go, path, query } from './router.ts'
import { secondFactorMissing, sessionEnded } from './session-state.ts'

// No secret: it saves who never logged in here a call that can only fail.
const HINT = 'anteroom:logged-in'

/** Who is logged in; null: nobody, undefined: not known yet. */
export const me = signal<WhoAmI | null | undefined>(undefined)
/** What the user's role allows. */
const scopes = computed(() => me.value?.credential.scopes ?? [])

/** Whether the user may: `*`, the scope itself, or writing where it is about reading. */
export function may(scope: string): boolean {
  const granted = scopes.value
  if (granted.includes('*') || granted.includes(scope)) return true
  return scope.endsWith(':read') && granted.includes(scope.replace(/:read$/, ':write'))
}

/** Finds out who is logged in, and leads to the log-in where nobody is. */
export async function findSession(): Promise<void> {
  if (localStorage.getItem(HINT) === null) {
    me.value = null
    return
  }
  try {
    me.value = await ask(api.GET('/api/whoami'))
  } catch {
    me.value = null
  }
}

/** After a log-in: who it is, and on to where they wanted to go. */
export async function enter(to?: string): Promise<void> {
  localStorage.setItem(HINT, '1')
  sessionEnded.value = false
  secondFactorMissing.value = false
  await findSession()
  const next = query.value.get('next')
  go(to ?? (next?.startsWith('/') ? next : '/'), { replace: true })
}

/** On to another of the user's organizations. All is loaded anew, so that nothing of this one stays on the page. */
export async function switchTo(organizationId: string): Promise<void> {
  await ask(api.POST('/dashboard/session/switch', { body: { organizationId } }))
  location.assign(at('/'))
}

/** Ends the session on the server, cookie and all. */
export async function logOut(): Promise<void> {
  await ask(api.DELETE('/dashboard/session'))
  forget()
  go('/login')
}

/** The session is over: to the log-in, and back to this page after it. */
export function showLogin(): void {
  const back = path.value === '/' ? '' : `?next=${encodeURIComponent(path.value + location.search)}`
  forget()
  go(`/login${back}`, { replace: true })
}

function forget(): void {
  localStorage.removeItem(HINT)
  me.value = null
  sessionEnded.value = false
  secondFactorMissing.value = false
}
