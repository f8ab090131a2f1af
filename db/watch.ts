/** Looks at something from time to time. */
export interface Watched {
  /**
   * @param now on the monotonic clock
   * @param stalled whether the process itself stood still since the last look: what it missed tells nothing
   */
  look(now: number, stalled: boolean): void
}

const LOOK_MS = 250
/** A look that comes by so much later than it should. */
const STALLED_MS = 500

const watched = new Set<Watched>()
let timer: NodeJS.Timeout | undefined
let lookedAt = 0

/** Looks at it every quarter of a second, until the returned function is called. */
export function watch(one: Watched): () => void {
  watched.add(one)
  if (!timer) {
    lookedAt = performance.now()
    timer = setInterval(lookAtAll, LOOK_MS)
    timer.unref()
  }
  return () => {
    watched.delete(one)
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function lookAtAll(): void {
  const now = performance.now()
  const stalled = now - lookedAt > LOOK_MS + STALLED_MS
  lookedAt = now
  for (const one of watched) one.look(now, stalled)
}
