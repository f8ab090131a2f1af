import { useEffect, useRef } from 'preact/hooks'
import { may } from './session.ts'

/** What happens in the organization, as `GET /api/events/stream` tells it. */
export interface LiveEvent {
  readonly id: string
  readonly type: string
  readonly createdAt: string
  readonly data: unknown
}

// A burst is shown once.
const TOGETHER_MS = 250

let source: EventSource | null = null
let users = 0

/**
 * Does something when events of these types happen (server-sent events): once for those that come together. One
 * connection serves all that a page shows; the browser opens it again where it is lost, and misses nothing.
 */
export function useEvents(types: readonly string[], onEvents: (events: readonly LiveEvent[]) => void): void {
  const latest = useRef(onEvents)
  latest.current = onEvents
  const allowed = may('webhooks:read')
  useEffect(() => {
    if (!allowed) return
    users += 1
    source ??= new EventSource('/api/events/stream')
    const stream = source
    let waiting: LiveEvent[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const hear = (message: MessageEvent<string>) => {
      waiting.push(JSON.parse(message.data))
      timer ??= setTimeout(() => {
        const events = waiting
        waiting = []
        timer = undefined
        latest.current(events)
      }, TOGETHER_MS)
    }
    for (const type of types) stream.addEventListener(type, hear)
    return () => {
      clearTimeout(timer)
      for (const type of types) stream.removeEventListener(type, hear)
      users -= 1
      if (users > 0) return
      stream.close()
      source = null
    }
  }, [types.join(), allowed])
}
