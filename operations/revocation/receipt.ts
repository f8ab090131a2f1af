import { LRUCache } from 'lru-cache'
import type { Acknowledgement } from '../../db/changes.ts'
import type { LiveReplica } from '../../db/queries/replicas.ts'

/** A replica in a receipt. */
export interface Acknowledged {
  readonly id: string
  /** Null where the replica did not answer: its right to answer from memory lapsed. */
  readonly acknowledgedAt: Date | null
}

/** Proof that a change holds everywhere. */
export interface Receipt {
  /** From here on no replica answers from what it remembered before. */
  readonly effectiveAt: Date
  readonly replicas: Acknowledged[]
}

const REMEMBERED_CHANGES = 10_000
// A timer of Node's may fire a millisecond early, and a date leaves off what goes beyond one.
const EARLY_MS = 2

/** Who has acknowledged which change; an acknowledgement may come before anyone waits for it. */
export class AcknowledgementBook {
  readonly #seen = new LRUCache<string, Map<string, Date>>({ max: REMEMBERED_CHANGES })
  readonly #waiting = new Set<() => void>()

  /** Notes an acknowledgement that was heard. */
  note({ changeId, replicaId }: Acknowledgement): void {
    const seen = this.#seen.get(changeId) ?? new Map<string, Date>()
    if (!seen.has(replicaId)) seen.set(replicaId, new Date())
    this.#seen.set(changeId, seen)
    for (const look of this.#waiting) look()
  }

  /**
   * Waits until each replica has acknowledged all the changes, or its lease has lapsed.
   * @param here the replica that made the changes, which has forgotten already
   */
  wait(changeIds: readonly string[], replicas: readonly LiveReplica[], here: Acknowledged): Promise<Receipt> {
    return new Promise((resolve) => {
      const lapsed = new Set<string>()
      const timers = replicas.map(({ id, remainingMs }) =>
        setTimeout(() => {
          lapsed.add(id)
          look()
        }, Math.ceil(remainingMs) + EARLY_MS).unref(),
      )
      const look = () => {
        const missing = replicas.some(({ id }) => !lapsed.has(id) && !this.#acknowledgedAt(id, changeIds))
        if (missing) return
        this.#waiting.delete(look)
        for (const timer of timers) clearTimeout(timer)
        const names = replicas.map(({ id }) => id)
        resolve(this.receipt(changeIds, names, here))
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** What is known by now of who acknowledged the changes. */
  receipt(changeIds: readonly string[], replicaIds: readonly string[], here: Acknowledged): Receipt {
    const answers = replicaIds.map((id) => ({ id, acknowledgedAt: this.#acknowledgedAt(id, changeIds) }))
    return { effectiveAt: new Date(), replicas: [here, ...answers] }
  }

  #acknowledgedAt(replicaId: string, changeIds: readonly string[]): Date | null {
    let latest: Date | null = null
    for (const changeId of changeIds) {
      const at = this.#seen.get(changeId)?.get(replicaId)
      if (!at) return null
      if (!latest || at > latest) latest = at
    }
    return latest
  }
}
