import {
  LEASE,
  noFlight,
  noRenewal,
  type Setting,
  type State,
  T,
  type Transaction,
  U,
  Violation,
} from './model-state.ts'

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
  if (setting.writes) yield* writing(state, setting)
  yield ['a tick', tick]
}

function* transactions(state: State, { other, faults = {} }: Setting): Generator<Step> {
  const { t, u } = state
  const begun: Transaction = { step: 'open', id: nextId(state) }
  // The advisory lock on the tag, held from the announcement to the commit.
  const turns = other === 'the same key' && !faults.idsOutOfOrder
  // T's first statement updates the key's row: it waits for a write that has locked the row in share mode.
  const shared = state.write === 'checked' && !faults.noStandingLock && !faults.noStandingCheck
  if (t.step === 'idle' && !shared && !(turns && u.step === 'open')) yield ['T begins', set({ t: begun })]
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

function* writing({ write, t, answered }: State, { faults = {} }: Setting): Generator<Step> {
  if (write === 'none' && !answered) yield ["a write's headers are accepted", set({ write: 'accepted' })]
  if (write === 'accepted') {
    // The share lock waits while T holds the row, and then reads what T has committed.
    const waits = t.step === 'open' && !faults.noStandingLock && !faults.noStandingCheck
    const seesTheEnd = t.step === 'committed' && !faults.noStandingCheck
    if (seesTheEnd) yield ['the write finds the key revoked', set({ write: 'over' })]
    else if (!waits) yield ["the write checks the key's row", set({ write: 'checked' })]
  }
  if (write === 'checked')
    yield [
      'the write commits',
      (after) => {
        if (answered) throw new Violation()
        after.write = 'over'
      },
    ]
}

function tick(state: State): void {
  state.lease = Math.max(0, state.lease - 1)
  state.trust = Math.max(0, state.trust - 1)
  if (state.wait !== null) state.wait = Math.max(0, state.wait - 1)
  if (state.renewal.step !== 'none') state.renewal.age = Math.min(LEASE, state.renewal.age + 1)
}
