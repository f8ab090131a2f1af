import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, ask } from './api.ts'
import { may } from './session.ts'

const FRESH_MS = 30_000
const names = signal<ReadonlyMap<string, string>>(new Map())
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
  return (id) => (id === null ? undefined : known.get(id))
}

/** Members and keys by name, for choices in filters. */
export function namesWith(prefix: 'usr_' | 'key_'): [string, string][] {
  return [...names.value].filter(([id]) => id.startsWith(prefix))
}

async function load(): Promise<void> {
  const query = { limit: 100 }
  const [members, keys] = await Promise.allSettled([
    may('members:read') ? ask(api.GET('/api/members', { params: { query } })) : { members: [] },
    may('keys:read') ? ask(api.GET('/api/keys', { params: { query } })) : { keys: [] },
  ])
  const found = new Map<string, string>()
  if (members.status === 'fulfilled') {
    for (const { userId, name } of members.value.members) found.set(userId, name)
  }
  if (keys.status === 'fulfilled') for (const { id, name } of keys.value.keys) found.set(id, name)
  names.value = found
}
