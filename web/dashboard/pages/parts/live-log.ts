import { useRef } from 'preact/hooks'
import { api, ask, type LogRecord } from '../../app/api.ts'
import { type Pages, pageAt, usePoll } from '../../app/load.ts'

const POLL_MS = 2000
/** Rows that are kept while one follows: older ones are a reload away. */
const MOST = 500

/** Puts new records of the log on top while one follows it. */
export function useLiveLog(on: boolean, filter: object, log: Pages<LogRecord>): boolean {
  const latest = useRef({ filter, log })
  latest.current = { filter, log }
  usePoll(
    async () => {
      const { filter, log } = latest.current
      const { logs } = await ask(
        api.GET('/api/logs', { params: { query: { ...filter, ...pageAt(undefined) } } }),
      )
      const known = new Set(log.data?.map(({ id }) => id))
      const fresh = logs.filter(({ id }) => !known.has(id))
      if (fresh.length > 0) log.set([...fresh, ...(log.data ?? [])].slice(0, MOST))
    },
    POLL_MS,
    on && log.data !== undefined,
  )
  return on
}
