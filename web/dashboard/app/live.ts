import { useEffect, useRef, useState } from 'preact/hooks'
import type { AnswerTo } from './api.ts'
import { api, ask } from './api.ts'
import { SERVER } from './place.ts'
import { may } from './session.ts'

/** Something that has happened in the organization. */
export type OrganizationEvent = AnswerTo<'/api/events'>['events'][number]

const AGAIN_MS = 5000
const SETTLE_MS = 300

/**
 * Follows a stream of server-sent events while the page is in sight. The browser connects anew by itself; where the
 * server refuses, it is asked who one is: a session that is over leads to the log-in.
 * @param url a path of the API; null: not at all
 * @returns whether the stream is open
 */
export function useStream(
  url: string | null,
  types: readonly string[],
  onMessage: (data: unknown) => void,
  onOpen: () => void = () => {},
): boolean {
  const [open, setOpen] = useState(false)
  const latest = useRef({ onMessage, onOpen })
  latest.current = { onMessage, onOpen }
  useEffect(() => {
    if (url === null) return
    let source: EventSource | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    const close = () => {
      clearTimeout(timer)
      source?.close()
      source = null
      setOpen(false)
    }
    const connect = () => {
      if (source !== null || document.visibilityState !== 'visible') return
      const made = new EventSource(SERVER + url)
      source = made
      made.onopen = () => {
        setOpen(true)
        latest.current.onOpen()
      }
      made.onerror = () => {
        setOpen(false)
        if (made.readyState !== EventSource.CLOSED || source !== made) return
        close()
        timer = setTimeout(() => {
          ask(api.GET('/api/whoami')).then(connect, () => {})
        }, AGAIN_MS)
      }
      const take = (event: MessageEvent<string>) => latest.current.onMessage(JSON.parse(event.data))
      for (const type of types) made.addEventListener(type, take)
    }
    const follow = () => (document.visibilityState === 'visible' ? connect() : close())
    connect()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      close()
    }
  }, [url, types])
  return open
}

/**
 * Does something when events of some types have happened, once for many that come together; and when the stream opens,
 * for what has happened since the page asked last.
 * @param types stays the same from one drawing to the next
 */
export function useEvents(types: readonly string[], onEvents: () => unknown): void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const latest = useRef(onEvents)
  latest.current = onEvents
  useEffect(() => () => clearTimeout(timer.current), [])
  const tell = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      void latest.current()
    }, SETTLE_MS)
  }
  useStream(may('webhooks:read') ? '/api/events/stream' : null, types, tell, tell)
}
