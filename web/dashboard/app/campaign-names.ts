import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, ask } from './api.ts'
import { may } from './session.ts'

const names = signal<ReadonlyMap<string, string>>(new Map())

/** What the newest hundred campaigns are called, by id. */
export function useCampaignNames(): ReadonlyMap<string, string> {
  useEffect(() => {
    if (!may('campaigns:read')) return
    ask(api.GET('/api/campaigns', { params: { query: { limit: 100 } } })).then(
      ({ campaigns }) => {
        names.value = new Map(campaigns.map(({ id, name }) => [id, name]))
      },
      () => {},
    )
  }, [])
  return names.value
}
