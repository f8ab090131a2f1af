import { LRUCache } from 'lru-cache'

/** Something that a principal is made of, e.g. `key:key_…`, `session:ses_…`, `user:usr_…`, `organization:org_…`. */
export type Tag = string

/** What a look-up found, the tags whose change ends its validity, and whether to remember it (a refusal is not). */
export interface Loaded<V> {
  readonly value: V
  readonly tags: readonly Tag[]
  readonly keep: boolean
}

interface Invalidation {
  readonly generation: number
  readonly tag: Tag | null
}

/**
 * Remembers what a look-up said of a credential, under the credential's fingerprint, until a change to what
 * it is made of is announced. One look-up serves a crowd of first comers.
 *
 * A look-up that began before a change was announced neither fills the cache nor answers its waiters with
 * what it read: it is made again. Without that, a revocation could overtake a look-up in flight and be
 * undone by it.
 */
export class VerifiedCache<V extends object> {
  readonly #entries: LRUCache<string, Loaded<V>>
  readonly #byTag = new Map<Tag, Set<string>>()
  readonly #flights = new Map<string, Promise<V>>()
  #generation = 0
  #recent: Invalidation[] = []

  /** @param max how many credentials are remembered; the least recently used go first */
  constructor(max: number) {
    this.#entries = new LRUCache({
      max,
      dispose: (loaded, fingerprint) => this.#untag(fingerprint, loaded.tags),
    })
  }

  /** What is remembered of a credential; no look-up is made. */
  get(fingerprint: string): V | undefined {
    return this.#entries.get(fingerprint)?.value
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * What is remembered, or else what the look-up finds; the crowd that asks meanwhile waits for the one flight.
   * @param look reads the truth
   */
  load(fingerprint: string, look: () => Promise<Loaded<V>>): Promise<V> {
    const known = this.#entries.get(fingerprint)
    if (known) return Promise.resolve(known.value)
    const flying = this.#flights.get(fingerprint)
    if (flying) return flying
    const flight = this.#fly(fingerprint, look)
    this.#flights.set(fingerprint, flight)
    return flight
  }

  /** Forgets everything that carries the tag, and makes flights that may have read it before read again. */
  invalidate(tag: Tag): void {
    this.#note(tag)
    const fingerprints = this.#byTag.get(tag)
    if (!fingerprints) return
    for (const fingerprint of [...fingerprints]) this.#entries.delete(fingerprint)
  }

  /** Forgets everything: what was announced while nobody listened is not known. */
  clear(): void {
    this.#note(null)
    this.#entries.clear()
  }

  async #fly(fingerprint: string, look: () => Promise<Loaded<V>>): Promise<V> {
    try {
      // Only once it is registered: a look-up that throws at once must find what it takes away at its end.
      await null
      for (;;) {
        const before = this.#generation
        const loaded = await look()
        const stale = this.#recent.some(
          (change) => change.generation > before && (change.tag === null || loaded.tags.includes(change.tag)),
        )
        if (stale) continue
        if (loaded.keep) this.#remember(fingerprint, loaded)
        return loaded.value
      }
    } finally {
      // In the very turn in which it was found current: who asks after a later change must not join it any more.
      this.#flights.delete(fingerprint)
      if (this.#flights.size === 0) this.#recent = []
    }
  }

  #remember(fingerprint: string, loaded: Loaded<V>): void {
    this.#entries.set(fingerprint, loaded)
    for (const tag of loaded.tags) {
      const tagged = this.#byTag.get(tag)
      if (tagged) tagged.add(fingerprint)
      else this.#byTag.set(tag, new Set([fingerprint]))
    }
  }

  #note(tag: Tag | null): void {
    this.#generation += 1
    if (this.#flights.size > 0) this.#recent.push({ generation: this.#generation, tag })
  }

  #untag(fingerprint: string, tags: readonly Tag[]): void {
    for (const tag of tags) {
      const tagged = this.#byTag.get(tag)
      tagged?.delete(fingerprint)
      if (tagged?.size === 0) this.#byTag.delete(tag)
    }
  }
}
