import { steps } from './model.ts'
import { initial, LEASE, type Setting, type State, T, Violation } from './model-state.ts'

/** What the search found. */
export interface Verdict {
  readonly states: number
  /** The steps that lead to a revoked key accepted after the answer; null: none do. */
  readonly counterexample: readonly string[] | null
  /** How many states showed each case that must not be left out. */
  readonly seen: Readonly<Record<Case, number>>
}

type Case = 'staleRefill' | 'lostNotification' | 'lapsed' | 'renewalAtCommit'

/** Looks at every state that can be reached, breadth first: a counterexample is a shortest one. */
export function search(setting: Setting): Verdict {
  const first = initial()
  const origin = new Map<string, { from: string; step: string } | null>([[keyOf(first), null]])
  const seen = { staleRefill: 0, lostNotification: 0, lapsed: 0, renewalAtCommit: 0 }
  let frontier: State[] = [first]
  while (frontier.length > 0) {
    const next: State[] = []
    for (const state of frontier) {
      count(state, seen)
      const from = keyOf(state)
      for (const [step, act] of steps(state, setting)) {
        const after = copyOf(state)
        try {
          act(after)
        } catch (error) {
          if (!(error instanceof Violation)) throw error
          return { states: origin.size, counterexample: [...pathTo(origin, from), step], seen }
        }
        const key = keyOf(after)
        if (origin.has(key)) continue
        origin.set(key, { from, step })
        next.push(after)
      }
    }
    frontier = next
  }
  return { states: origin.size, counterexample: null, seen }
}

function count(state: State, seen: Record<Case, number>): void {
  const { flight, announced, acknowledging, acknowledged, renewal, wait } = state
  if (state.t.step !== 'committed') return
  if (flight.step === 'read' && flight.live && flight.overtaken) seen.staleRefill += 1
  if (renewal.step === 'read' && !(renewal.saw & T)) seen.renewalAtCommit += 1
  if (state.answered) return
  if (!((announced | acknowledging | acknowledged) & T)) seen.lostNotification += 1
  if (wait === 0 && !(acknowledged & T)) seen.lapsed += 1
}

function pathTo(origin: Map<string, { from: string; step: string } | null>, key: string): string[] {
  const path: string[] = []
  for (let at = origin.get(key); at; at = origin.get(at.from)) path.unshift(at.step)
  return path
}

const STEPS = ['idle', 'open', 'committed']
const RENEWALS = ['none', 'sent', 'locked', 'read', 'answered', 'unknown', 'registering']
const FLIGHTS = ['none', 'begun', 'read']
const WRITES = ['none', 'accepted', 'checked', 'over']

// All that makes a state, in four characters.
function keyOf(state: State): string {
  const { t, u, renewal, flight, wait } = state
  return String.fromCharCode(
    pack([STEPS.indexOf(t.step), t.id, STEPS.indexOf(u.step), u.id, state.target, wait ?? LEASE + 1]),
    pack([state.lease, state.trust, state.horizon, state.announced, state.acknowledging, state.acknowledged]),
    pack([RENEWALS.indexOf(renewal.step) >> 2, RENEWALS.indexOf(renewal.step) & 3, renewal.age, renewal.saw]),
    pack([
      renewal.horizon,
      FLIGHTS.indexOf(flight.step),
      ...[flight.live, flight.overtaken, flight.late].map(Number),
    ]) *
      32 +
      WRITES.indexOf(state.write) * 8 +
      Number(state.row) * 4 +
      Number(state.remembers) * 2 +
      Number(state.answered),
  )
}

// Two bits each.
function pack(values: readonly number[]): number {
  return values.reduce((packed, value) => packed * 4 + value, 0)
}

function copyOf(state: State): State {
  return {
    ...state,
    t: { ...state.t },
    u: { ...state.u },
    renewal: { ...state.renewal },
    flight: { ...state.flight },
  }
}
