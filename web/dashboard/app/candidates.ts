import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type AnswerTo, api, ask } from './api.ts'
import { may } from './session.ts'

/** A candidate, as the API shows one. */
export type Candidate = AnswerTo<'/api/candidates/{id}'>

const MOST_SINGLE = 25
const known = signal<ReadonlyMap<string, Candidate>>(new Map())
const asked = new Set<string>()

/** Candidates by id, for lists that hold ids alone: the newest hundred in one question, others one by one. */
export function useCandidates(ids: readonly string[]): ReadonlyMap<string, Candidate> {
  const wanted = ids.join()
  useEffect(() => {
    void find(wanted.split(',')).catch(() => {})
  }, [wanted])
  return known.value
}

async function find(ids: readonly string[]): Promise<void> {
  const missing = [...new Set(ids)].filter((id) => id !== '' && !asked.has(id))
  if (missing.length === 0 || !may('candidates:read')) return
  for (const id of missing) asked.add(id)
  if (missing.length > 3) {
    remember((await ask(api.GET('/api/candidates', { params: { query: { limit: 100 } } }))).candidates)
  }
  const left = missing.filter((id) => !known.value.has(id)).slice(0, MOST_SINGLE)
  const found = await Promise.allSettled(
    left.map((id) => ask(api.GET('/api/candidates/{id}', { params: { path: { id } } }))),
  )
  remember(found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
}

function remember(candidates: readonly Candidate[]): void {
  known.value = new Map([...known.value, ...candidates.map((one) => [one.id, one] as const)])
}
