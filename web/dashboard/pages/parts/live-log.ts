import { useEffect, useRef } from 'preact/hooks'
import type { LogRecord } from '../../app/api.ts'
import { useStream } from '../../app/live.ts'
import type { Pages } from '../../app/load.ts'

/** Rows that are kept while one follows: older ones are a reload away. */
const MOST = 500
const TOGETHER_MS = 250
const types = ['request'] as const

/**
 * Puts new records of the log on top while one follows it, those of a moment together.
 * @returns whether they come
 */
export function useLiveLog(
  on: boolean,
  filter: { readonly keyId?: string; readonly status?: number; readonly path?: string },
  log: Pages<LogRecord>,
): boolean {
  const latest = useRef(log)
  latest.current = log
  const waiting = useRef<LogRecord[]>([])
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const { keyId, status, path } = filter
  const wanted = Object.entries({ keyId, status, path }).filter(([, value]) => value !== undefined)
  const query = new URLSearchParams(wanted.map(([name, value]) => [name, String(value)]))
  const soon = () => {
    timer.current = setTimeout(take, TOGETHER_MS)
  }
  const take = () => {
    const { busy, data, set } = latest.current
    // A list that is on its way may be from before them, and would take their place.
    if (busy) return soon()
    const known = new Set(data?.map(({ id }) => id))
    const fresh = waiting.current.filter(({ id }) => !known.has(id))
    waiting.current = []
    set([...fresh.toReversed(), ...(data ?? [])].slice(0, MOST))
  }
  return useStream(
    on ? `/api/logs/stream?${query}` : null,
    types,
    (data) => {
      if (waiting.current.length === 0) soon()
      waiting.current.push(data as LogRecord)
    },
    // What was written between the list and the stream.
    () => void latest.current.reload(),
  )
}
