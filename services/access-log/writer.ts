import type { Database } from '../../db/connect.ts'
import { type AccessRecord, ensureLogPartitions, insertAccessRecords } from '../../db/queries/access-log.ts'

const FLUSH_MS = 500
const BATCH = 1000
const DAY_MS = 86_400_000

/** Writes the access log behind the requests' back: many records in one statement. */
export class AccessLogWriter {
  readonly #database: Database
  readonly #onError: (error: unknown) => void
  #waiting: AccessRecord[] = []
  #flushing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #partitionsUntil = 0

  constructor(database: Database, onError: (error: unknown) => void) {
    this.#database = database
    this.#onError = onError
  }

  /** Takes a record; it reaches the database within half a second. */
  record(record: AccessRecord): void {
    this.#waiting.push(record)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }

  /** Resolves when everything taken so far is in the database, or was tried and goes back in the queue. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushing = this.#flushing.then(() => this.#write())
    return this.#flushing
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH)
      try {
        if (Date.now() > this.#partitionsUntil) {
          await ensureLogPartitions(this.#database)
          this.#partitionsUntil = Date.now() + DAY_MS
        }
        await insertAccessRecords(this.#database, batch)
      } catch (error) {
        this.#waiting.unshift(...batch)
        this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
        this.#onError(error)
        return
      }
    }
  }
}
