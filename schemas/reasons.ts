import { catalogue, type ReasonEntry } from './reason-catalogue.ts'

/** A stable word that says why a request failed. */
export type Reason = keyof typeof catalogue

/** Reasons that are logged with the scope, role or feature that they are about, e.g. `scope_missing:keys:read`. */
type ReasonAbout = 'scope_missing' | 'role_above_own' | 'plan_limit'

/** A reason as the access log keeps it. */
export type LoggedReason = Reason | `${ReasonAbout}:${string}`

/** Every reason, with what is known of it, for docs and tests. */
export const reasons: Readonly<Record<Reason, ReasonEntry>> = catalogue

/** The reason of a logged one, without what it is about. Undefined for a word that an older version wrote. */
function reasonIn(logged: string): Reason | undefined {
  const word = logged.split(':', 1)[0] as string
  return Object.hasOwn(catalogue, word) ? (word as Reason) : undefined
}

/** What callers see of a reason; undefined where they see none. */
export function publicReason(logged: LoggedReason | undefined): Reason | undefined {
  const reason = logged && reasonIn(logged)
  return reason && reasons[reason].public ? reason : undefined
}

/**
 * What happened to a request, in a sentence for the owner of its credential.
 * @param logged the reason as the access log keeps it; null where nothing was refused
 * @param status the HTTP status of the answer
 */
export function explainReason(logged: string | null, status: number): string {
  const reason = logged === null ? undefined : reasonIn(logged)
  if (reason && logged) return reasons[reason].explanation.replace('{}', logged.slice(reason.length + 1))
  if (logged !== null) return `The request was refused: ${logged.replaceAll('_', ' ')}.`
  if (status >= 500) return 'The request failed on our side.'
  if (status >= 400) return 'The credential was accepted. The request itself was refused, as its answer said.'
  return 'The request was answered.'
}
