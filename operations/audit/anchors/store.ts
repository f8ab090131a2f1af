import { text as readText } from 'node:stream/consumers'
import type { Environment } from '../../../config/environment.ts'
import type { FileStorage } from '../../files/storage.ts'

const DIGITS = 12
const NAME = /^(\d{12})(-whole)?\.json$/

/** An anchor's place in the storage. */
export interface StoredAnchor {
  readonly number: number
  readonly whole: boolean
}

/** Somewhere an anchor is sent to, out of reach of whoever holds the database: the storage, later log streams too. */
export interface AnchorTarget {
  /** @param text as `writeAnchor` makes it; once it resolves, the text is kept */
  keep(anchor: StoredAnchor, text: string): Promise<void>
}

/** The anchors in the storage of files: one file each, written once and never changed. */
export class AnchorStore implements AnchorTarget {
  readonly #storage: FileStorage
  readonly #prefix: string

  constructor(storage: FileStorage, environment: Environment) {
    this.#storage = storage
    this.#prefix = `audit-anchors/${environment.name}/`
  }

  /** Everything that is there, by number. */
  async list(): Promise<StoredAnchor[]> {
    const found: StoredAnchor[] = []
    for await (const key of this.#storage.keys(this.#prefix)) {
      const [, digits, whole] = NAME.exec(key.slice(this.#prefix.length)) ?? []
      if (digits !== undefined) found.push({ number: Number(digits), whole: whole !== undefined })
    }
    return found.sort((one, other) => one.number - other.number)
  }

  async read(anchor: StoredAnchor): Promise<string> {
    return readText(
      await this.#storage.read(this.#key(anchor), { start: 0, end: Number.MAX_SAFE_INTEGER - 1 }),
    )
  }

  async keep(anchor: StoredAnchor, text: string): Promise<void> {
    await this.#storage.write(this.#key(anchor), text)
  }

  async remove(anchor: StoredAnchor): Promise<void> {
    await this.#storage.remove(this.#key(anchor))
  }

  #key({ number, whole }: StoredAnchor): string {
    return `${this.#prefix}${String(number).padStart(DIGITS, '0')}${whole ? '-whole' : ''}.json`
  }
}
