/**
 * The revocation protocol (docs/revocation.md) as a state machine, small enough to look at every order in which its
 * steps can happen. One transaction T revokes the key; another, U, changes something else or the same key. Time goes
 * in ticks, of which a lease lasts two; nothing forces a step to happen before a tick, so that a process that is
 * stopped, a slow network and a blocked statement are all among the orders looked at. Whatever is on its way between
 * processes can be lost.
 *
 * There is one replica besides the revoker: replicas share no memory and no row, so that all that a further one does
 * to it is to let the answer come later, and late answers are among the orders looked at.
 */

/** What the machine is made of. */
export interface Setting {
  /** What the other transaction changes; null: there is none. */
  readonly other: 'the same key' | 'something else' | null
  /** Whether there is also a request with a duration: a write whose headers are accepted and whose body comes later. */
  readonly writes?: boolean
  /** Faults built into the machine, to see that the search finds them. */
  readonly faults?: Faults
}

interface Faults {
  /** A look-up that a change overtook fills the memory all the same. */
  readonly noReread?: boolean
  /** `settle` skips a row whose lease looks lapsed instead of locking it too. */
  readonly liveRowsOnly?: boolean
  /** A renewal reads the changes first and locks its row then. */
  readonly readBeforeLock?: boolean
  /** A renewal makes its row where it is gone. */
  readonly upsert?: boolean
  /** A renewal goes on from the greatest change id that it saw. */
  readonly horizonById?: boolean
  /** The lease is counted from when the answer came. */
  readonly trustFromAnswer?: boolean
  /** Who asks while there is no lease joins a look-up that is under way. */
  readonly untrustedJoin?: boolean
  /** Two transactions that announce one tag commit in any order. */
  readonly idsOutOfOrder?: boolean
  /** A replica is registered anew and keeps what it remembers. */
  readonly keptMemory?: boolean
  /** `settle` takes what got lost for an acknowledgement. */
  readonly lossIsConsent?: boolean
  /** A write checks the key's row without locking it. */
  readonly noStandingLock?: boolean
  /** A write relies on the check of its headers. */
  readonly noStandingCheck?: boolean
}

export const LEASE = 2
// Bits, for sets of changes.
export const T = 1
export const U = 2

export interface Transaction {
  step: 'idle' | 'open' | 'committed'
  /** Both its transaction id and its change's id: 1 or 2, in the order of their beginnings. */
  id: number
}

/** One moment. */
export interface State {
  t: Transaction
  u: Transaction
  /** The change that `settle` wants acknowledged; 0: not read yet. */
  target: number
  /** Ticks that `settle` waits for the lease to lapse; null: it has not read the row. */
  wait: number | null
  answered: boolean
  row: boolean
  lease: number
  trust: number
  horizon: number
  /** The memory holds an answer from before the revocation. */
  remembers: boolean
  renewal: {
    step: 'none' | 'sent' | 'locked' | 'read' | 'answered' | 'unknown' | 'registering'
    /** Ticks since it was sent. */
    age: number
    saw: number
    horizon: number
  }
  flight: { step: 'none' | 'begun' | 'read'; live: boolean; overtaken: boolean; late: boolean }
  /** Changes whose announcement is on its way, whose acknowledgement is, and whose acknowledgement was heard. */
  announced: number
  acknowledging: number
  acknowledged: number
  /** A write by the key: its headers are accepted, then its transaction locks and checks the key's row. */
  write: 'none' | 'accepted' | 'checked' | 'over'
}

/** A revoked key was accepted by a request that began after the answer, or a write by it committed after the answer. */
export class Violation extends Error {}

export const noRenewal = { step: 'none', age: 0, saw: 0, horizon: 0 } as const
export const noFlight = { step: 'none', live: false, overtaken: false, late: false } as const

export function initial(): State {
  return {
    t: { step: 'idle', id: 0 },
    u: { step: 'idle', id: 0 },
    target: 0,
    wait: null,
    answered: false,
    row: true,
    lease: 0,
    trust: 0,
    horizon: 1,
    remembers: false,
    renewal: { ...noRenewal },
    flight: { ...noFlight },
    announced: 0,
    acknowledging: 0,
    acknowledged: 0,
    write: 'none',
  }
}
