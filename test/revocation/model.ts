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
}

export const LEASE = 2
// Bits, for sets of changes.
export const T = 1
const U = 2

interface Transaction {
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
}

/** A revoked key was accepted by a request that began after the answer. */
export class Violation extends Error {}

const noRenewal = { step: 'none', age: 0, saw: 0, horizon: 0 } as const
const noFlight = { step: 'none', live: false, overtaken: false, late: false } as const

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
  }
}

/** A step by its name, and what it does to a state of the caller's own. */
export type Step = readonly [name: string, act: (after: State) => void]

function set(patch: Partial<State>): (after: State) => void {
  return (after) => void Object.assign(after, patch)
}

/** Every step that can happen next. */
export function* steps(state: State, setting: Setting): Generator<Step> {
  yield* transactions(state, setting)
  yield* settling(state, setting)
  yield* messages(state)
  yield* renewing(state, setting)
  yield* registering(state, setting)
  yield* requests(state, setting)
  yield ['a tick', tick]
}

function* transactions(state: State, { other, faults = {} }: Setting): Generator<Step> {
  const { t, u } = state
  const begun: Transaction = { step: 'open', id: nextId(state) }
  // The advisory lock on the tag, held from the announcement to the commit.
  const turns = other === 'the same key' && !faults.idsOutOfOrder
  if (t.step === 'idle' && !(turns && u.step === 'open')) yield ['T begins', set({ t: begun })]
  if (other && u.step === 'idle' && !(turns && t.step === 'open')) yield ['U begins', set({ u: begun })]
  if (t.step === 'open') yield ['T commits', set({ t: over(t), announced: state.announced | T })]
  const told = other === 'the same key' ? U : 0
  if (u.step === 'open') yield ['U commits', set({ u: over(u), announced: state.announced | told })]
}

const over = ({ id }: Transaction): Transaction => ({ step: 'committed', id })

function nextId({ t, u }: State): number {
  return 1 + Number(t.step !== 'idle') + Number(u.step !== 'idle')
}

// pg_snapshot_xmin: every transaction below it is over.
function oldestOpen(state: State): number {
  const open = [state.t, state.u].filter(({ step }) => step === 'open').map(({ id }) => id)
  return Math.min(nextId(state), ...open)
}

function* settling(state: State, { other, faults = {} }: Setting): Generator<Step> {
  const { t, u, target, wait, renewal, row, lease, announced, acknowledging, acknowledged } = state
  if (t.step !== 'committed' || state.answered) return
  const rival = other === 'the same key' && u.step === 'committed' && u.id > t.id
  if (target === 0) yield ['settle reads the newest change', set({ target: rival ? U : T })]
  const beforeLock = faults.readBeforeLock && renewal.step === 'locked'
  const locked = row && (renewal.step === 'read' || renewal.step === 'locked') && !beforeLock
  if (wait === null && (!locked || (faults.liveRowsOnly && lease === 0)))
    yield ['settle reads the row', set({ wait: row ? lease : 0 })]
  if (target === 0 || wait === null) return
  const lost = faults.lossIsConsent && ((announced | acknowledging) & target) === 0
  if (wait > 0 && (acknowledged & target) === 0 && !lost) return
  // Nobody asks for the rest any more.
  const rest = { target: 0, wait: null, acknowledging: 0, acknowledged: 0 }
  yield ['the answer', set({ answered: true, ...rest })]
}

function* messages({ announced, acknowledging, acknowledged }: State): Generator<Step> {
  for (const [bit, name] of [[T, 'T'] as const, [U, 'U'] as const]) {
    const unheard = { announced: announced & ~bit }
    const unsaid = { acknowledging: acknowledging & ~bit }
    if (announced & bit) {
      yield [`hears of ${name}`, (after) => forget(Object.assign(after, unheard), bit)]
      yield [`the news of ${name} is lost`, set(unheard)]
    }
    if (acknowledging & bit) {
      const heard = { ...unsaid, acknowledged: acknowledged | bit }
      yield [`its word on ${name} is heard`, set(heard)]
      yield [`its word on ${name} is lost`, set(unsaid)]
    }
  }
}

function forget(state: State, changes: number): void {
  state.remembers = false
  if (state.flight.step !== 'none') state.flight.overtaken = true
  if (!state.answered) state.acknowledging |= changes & ~state.acknowledged
}

function* renewing(state: State, setting: Setting): Generator<Step> {
  const { renewal, row } = state
  const { readBeforeLock, upsert, trustFromAnswer } = setting.faults ?? {}
  const found = row || upsert
  const go = (step: State['renewal']['step']) => set({ renewal: { ...renewal, step } })
  const look = (step: State['renewal']['step']) => (after: State) => {
    Object.assign(after.renewal, { step, ...changesSince(state, setting) })
  }
  if (renewal.step === 'none') yield ['asks for a renewal', go('sent')]
  if (renewal.step === 'sent' && found) {
    if (readBeforeLock) yield ['reads the changes', look('locked')]
    else yield ['its row is locked', go('locked')]
  }
  if (renewal.step === 'locked') {
    if (readBeforeLock) yield ['its row is locked', go('read')]
    else yield ['reads the changes', look('read')]
  }
  if (renewal.step === 'read') {
    const lease = Math.max(0, LEASE - renewal.age)
    yield ['its renewal commits', (after) => go('answered')(Object.assign(after, { row: true, lease }))]
  }
  if (['sent', 'locked', 'read', 'answered'].includes(renewal.step))
    yield ['its renewal is lost', set({ renewal: { ...noRenewal } })]
  if (renewal.step === 'answered')
    yield [
      'is renewed',
      (after) => {
        if (renewal.saw) forget(after, renewal.saw)
        after.trust = trustFromAnswer ? LEASE : Math.max(0, LEASE - renewal.age)
        after.horizon = renewal.horizon
        after.renewal = { ...noRenewal }
      },
    ]
}

function changesSince(state: State, { other, faults = {} }: Setting): { saw: number; horizon: number } {
  const visible = ({ step, id }: Transaction) => step === 'committed' && id >= state.horizon
  const ids = [state.t, state.u].filter(visible).map(({ id }) => id + 1)
  return {
    saw: (visible(state.t) ? T : 0) | (visible(state.u) && other === 'the same key' ? U : 0),
    horizon: faults.horizonById ? Math.max(state.horizon, ...ids) : oldestOpen(state),
  }
}

function* registering(state: State, { faults = {} }: Setting): Generator<Step> {
  const { renewal, row, lease } = state
  if (row && lease === 0 && (renewal.step === 'none' || renewal.step === 'sent'))
    yield ['its row is swept', set({ row: false })]
  if (renewal.step === 'sent' && !row && !faults.upsert)
    yield ['has no row', set({ renewal: { ...renewal, step: 'unknown' } })]
  if (renewal.step === 'unknown')
    yield [
      'reads where to begin',
      (after) => {
        Object.assign(after, { trust: 0, horizon: oldestOpen(state) })
        after.renewal.step = 'registering'
      },
    ]
  if (renewal.step === 'registering')
    yield [
      'forgets all and registers',
      (after) => {
        if (!faults.keptMemory) forget(after, 0)
        Object.assign(after, { row: true, lease: 0, renewal: { ...noRenewal } })
      },
    ]
}

function* requests(state: State, { faults = {} }: Setting): Generator<Step> {
  const { flight, trust, remembers, answered, t } = state
  // Without a lease a request asks the database for itself, after it came: nothing to go wrong, nothing to keep.
  if (trust > 0 || faults.untrustedJoin)
    yield [
      'is asked',
      (after) => {
        if (trust > 0 && remembers) {
          if (answered) throw new Violation()
          return
        }
        if (flight.step === 'none') after.flight.step = 'begun'
        after.flight.late ||= answered
      },
    ]
  if (flight.step === 'begun')
    yield [
      'its look-up reads',
      (after) => void Object.assign(after.flight, { step: 'read', live: t.step !== 'committed' }),
    ]
  if (flight.step === 'read')
    yield [
      'its look-up ends',
      (after) => {
        if (flight.overtaken && !faults.noReread) {
          Object.assign(after.flight, { step: 'begun', live: false, overtaken: false })
          return
        }
        if (flight.live && flight.late) throw new Violation()
        Object.assign(after, { remembers: flight.live, flight: { ...noFlight } })
      },
    ]
}

function tick(state: State): void {
  state.lease = Math.max(0, state.lease - 1)
  state.trust = Math.max(0, state.trust - 1)
  if (state.wait !== null) state.wait = Math.max(0, state.wait - 1)
  if (state.renewal.step !== 'none') state.renewal.age = Math.min(LEASE, state.renewal.age + 1)
}
