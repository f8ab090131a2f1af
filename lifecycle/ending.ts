import { watchParents } from './parents.ts'

/** Why a process ends. */
export type Cause =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  /** The process that started this one, and would have handed a signal on, is gone. */
  | { readonly kind: 'orphaned' }
  /** Nothing caught this error. */
  | { readonly kind: 'error'; readonly error: unknown }

/** The end of this process, as it is told from outside. */
export interface Ending {
  /** Resolves at the first cause. */
  readonly cause: Promise<Cause>
  /** Aborted at the same moment. */
  readonly signal: AbortSignal
}

/** What a terminal, a shell, npm, `node --watch`, a service manager or a container engine sends. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGUSR2'] as const

/**
 * Takes over how this process ends: from now on nothing but SIGKILL ends it before its caller does. What comes after
 * the first cause changes nothing, since Ctrl-C reaches a process twice, from the terminal and from npm.
 */
export function toldToEnd(): Ending {
  const ended = new AbortController()
  const cause = new Promise<Cause>((resolve) => {
    const end = (why: Cause) => {
      resolve(why)
      ended.abort()
    }
    for (const signal of SIGNALS) process.on(signal, () => end({ kind: 'signal', signal }))
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error: unknown) => end({ kind: 'error', error }))
    // Who reads the output may end first: a closed terminal, `| head`.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
    watchParents(() => end({ kind: 'orphaned' }))
  })
  return { cause, signal: ended.signal }
}
