import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { Failure } from './failure.ts'

/** Something that comes from the API: not there yet, there, or failed; what was there stays while it is loaded anew. */
export interface Loaded<T> {
  readonly data: T | undefined
  readonly failure: Failure | undefined
  readonly busy: boolean
  reload(): Promise<void>
  /** Puts in what another answer has told, without asking again. */
  set(data: T): void
}

/** Loads, anew whenever one of `inputs` changes; an answer that comes late is dropped. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; failure?: Failure; busy: boolean }>({ busy: true })
  const running = useRef<AbortController | null>(null)
  const latest = useRef(load)
  latest.current = load
  const reload = useCallback(async () => {
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    setState(({ data }) => (data === undefined ? { busy: true } : { data, busy: true }))
    try {
      const data = await latest.current(controller.signal)
      if (!controller.signal.aborted) setState({ data, busy: false })
    } catch (thrown) {
      if (controller.signal.aborted) return
      setState(({ data }) => ({
        ...(data === undefined ? {} : { data }),
        failure: Failure.from(thrown),
        busy: false,
      }))
    }
  }, [])
  useEffect(() => {
    void reload()
    return () => running.current?.abort()
  }, inputs as unknown[])
  const set = useCallback((data: T) => setState({ data, busy: false }), [])
  return { data: state.data, failure: state.failure, busy: state.busy, reload, set }
}

/** A list that comes in pages. */
export interface Pages<T> extends Loaded<readonly T[]> {
  /** Whether there are more; null while that is not known. */
  readonly more: boolean
  loadMore(): Promise<void>
}

/** Loads a list page by page, anew from the first whenever one of `inputs` changes. */
export function usePages<T>(
  load: (
    cursor: string | undefined,
    signal: AbortSignal,
  ) => Promise<{ items: readonly T[]; next: string | null }>,
  inputs: readonly unknown[],
): Pages<T> {
  const first = useLoad<{ items: readonly T[]; next: string | null }>(
    (signal) => load(undefined, signal),
    inputs,
  )
  const { data, set } = first
  const loadMore = async () => {
    if (!data?.next) return
    const page = await load(data.next, new AbortController().signal)
    set({ items: [...data.items, ...page.items], next: page.next })
  }
  return {
    ...first,
    data: data?.items,
    more: Boolean(data?.next),
    loadMore,
    set: (items) => set({ items, next: data?.next ?? null }),
  }
}

/** Does something every so often while the page is in sight; the first time at once. */
export function usePoll(work: () => Promise<unknown>, everyMs: number, on = true): void {
  const latest = useRef(work)
  latest.current = work
  useEffect(() => {
    if (!on) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let over = false
    const turn = async () => {
      if (document.visibilityState === 'visible') await latest.current().catch(() => {})
      if (!over) timer = setTimeout(turn, everyMs)
    }
    void turn()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [everyMs, on])
}

/** Where in a list to begin, and how much to take, as the API's lists want it. */
export function pageAt(cursor: string | undefined, limit = 50): { limit: number; cursor?: string } {
  return cursor === undefined ? { limit } : { limit, cursor }
}
