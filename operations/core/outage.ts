/** Something that fails again and again while it is out of reach: told of once when it begins, and once when it is over. */
export class Outage {
  readonly #onBegin: (error: unknown) => void
  readonly #onEnd: () => void
  #lasts = false

  constructor(onBegin: (error: unknown) => void, onEnd: () => void) {
    this.#onBegin = onBegin
    this.#onEnd = onEnd
  }

  /** It has failed. */
  failed(error: unknown): void {
    if (this.#lasts) return
    this.#lasts = true
    this.#onBegin(error)
  }

  /** It has worked. */
  worked(): void {
    if (!this.#lasts) return
    this.#lasts = false
    this.#onEnd()
  }
}
