import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type AnswerTo, api, ask } from './api.ts'
import { pageAt } from './load.ts'
import { may } from './session.ts'

/** A candidate, as the API shows one. */
export type Candidate = AnswerTo<'/api/candidates/{id}'>

const PAGES = 5
const known = signal<ReadonlyMap<string, Candidate>>(new Map())
const asked = new Set<string>()

/**
 * Candidates by id, for lists that hold ids alone: they are looked for among the newest five hundred, of a campaign where
 * one is named. Who was erased is not found.
 */
export function useCandidates(ids: readonly string[], campaignId?: string): ReadonlyMap<string, Candidate> {
  const wanted = ids.join()
  useEffect(() => {
    void find(wanted.split(','), campaignId).catch(() => {})
  }, [wanted])
  return known.value
}

/** One candidate by id; undefined while it is asked for, and where there is none any more. */
export function useCandidate(id: string | undefined): Candidate | undefined {
  useEffect(() => {
    if (id === undefined || known.value.has(id) || !may('candidates:read')) return
    ask(api.GET('/api/candidates/{id}', { params: { path: { id } } })).then(
      (found) => remember([found]),
      () => {},
    )
  }, [id])
  return known.value.get(id ?? '')
}

async function find(ids: readonly string[], campaignId: string | undefined): Promise<void> {
  const missing = new Set(ids.filter((id) => id !== '' && !asked.has(id)))
  if (missing.size === 0 || !may('candidates:read')) return
  for (const id of missing) asked.add(id)
  const of = campaignId === undefined ? {} : { campaignId }
  let cursor: string | undefined
  for (let page = 0; page < PAGES && missing.size > 0; page += 1) {
    const query = { ...of, ...pageAt(cursor, 100) }
    const { candidates, nextCursor } = await ask(api.GET('/api/candidates', { params: { query } }))
    remember(candidates)
    for (const { id } of candidates) missing.delete(id)
    if (nextCursor === null) return
    cursor = nextCursor
  }
}

function remember(candidates: readonly Candidate[]): void {
  known.value = new Map([...known.value, ...candidates.map((one) => [one.id, one] as const)])
}
