/**
 * Who waits for a pooled connection, the API itself or the network while holding a pooled connection makes a deadlock
 * possible: ten of those are enough to take every connection and wait for another one. `db/held-connection-check.ts`
 * finds them in development and tests. Without it, these two functions do nothing.
 */
export interface HeldConnectionCheck {
  /** Runs work that holds a connection. */
  hold<T>(work: () => Promise<T>): Promise<T>
  /** @throws Error where a connection is held */
  assertNothingHeld(wanted: string): void
}

let check: HeldConnectionCheck | null = null

/** Switches the check on. */
export function checkHeldConnections(how: HeldConnectionCheck): void {
  check = how
}

/** Runs work that holds a pooled connection. */
export function holding<T>(work: () => Promise<T>): Promise<T> {
  return check === null ? work() : check.hold(work)
}

/** Says that one is about to wait for something that is scarce or slow. */
export function assertNothingHeld(wanted: string): void {
  if (check !== null) check.assertNothingHeld(wanted)
}
