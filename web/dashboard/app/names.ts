import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, ask } from './api.ts'
import { keyName, wholeKeyName } from './keys.ts'
import { may } from './session.ts'

const FRESH_MS = 30_000
// For choices, where two that are called alike must be told apart.
const names = signal<ReadonlyMap<string, { name: string; whole: string }>>(new Map())
let loadedAt = 0

/**
 * What people call the ids of members and keys; whoever isn't found has gone, or may not be read, and keeps their id.
 * @returns undefined for an id that has no name here
 */
export function useNames(): (id: string | null) => string | undefined {
  useEffect(() => {
    if (Date.now() - loadedAt < FRESH_MS) return
    loadedAt = Date.now()
    void load().catch(() => {})
  }, [])
  const known = names.value
  return (id) => (id === null ? undefined : known.get(id)?.name)
}

/** Members and keys by name, for choices in filters. */
export function namesWith(prefix: 'usr_' | 'key_'): [string, string][] {
  return [...names.value].filter(([id]) => id.startsWith(prefix)).map(([id, { whole }]) => [id, whole])
}

async function load(): Promise<void> {
  const query = { limit: 100 }
  const [members, keys] = await Promise.allSettled([
    may('members:read') ? ask(api.GET('/api/members', { params: { query } })) : { members: [] },
    may('keys:read') ? ask(api.GET('/api/keys', { params: { query } })) : { keys: [] },
  ])
  const found = new Map<string, { name: string; whole: string }>()
  if (members.status === 'fulfilled') {
    for (const { userId, name, email } of members.value.members) {
      found.set(userId, { name, whole: `${name}, ${email}` })
    }
  }
  if (keys.status === 'fulfilled') {
    for (const key of keys.value.keys) found.set(key.id, { name: keyName(key), whole: wholeKeyName(key) })
  }
  names.value = found
}
