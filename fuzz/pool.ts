import { randomInt } from 'node:crypto'
import { newId } from '../schemas/ids.ts'

const KEPT = 40
const ID = /\b([a-z]+)_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g
const TOKEN = /\binv_[0-9A-Za-z]{50}\b/g
/** What a plan writes in the place of an id that it does not know yet: its prefix and a number to choose by. */
const PLACE = /\{\{([a-zA-Z]+)(?::(\d+))?\}\}/g

/** Ids and single-use tokens that the server has given to an organization, the newest of each kind. */
export class Pool {
  readonly #ids = new Map<string, string[]>()
  /** What stands for itself: `password`, `email`, `refreshToken`. */
  readonly #texts: Readonly<Record<string, string>>
  /** All that were ever given, also those that are forgotten. */
  readonly #given = new Set<string>()
  /** Known, and never given away: what everything else hangs on. */
  readonly #vital = new Set<string>()

  constructor(texts: Readonly<Record<string, string>>) {
    this.#texts = texts
  }

  /** Keeps an id out of what requests are made of. */
  spare(id: string): void {
    this.#vital.add(id)
  }

  /**
   * Takes the ids out of an answer.
   * @param other whose ids do not count: the access log shows paths, so that an answer may contain an id of another tenant
   */
  learn(body: string, other?: Pool): void {
    for (const [id, prefix = ''] of body.matchAll(ID)) if (!other?.knowsAnyOf(id)) this.#keep(prefix, id)
    for (const [token] of body.matchAll(TOKEN)) this.#keep('inviteToken', token)
  }

  /** Whether the organization has been given this id, or any in the text. */
  knowsAnyOf(text: string): boolean {
    return [...text.matchAll(ID)].some(([id]) => this.#given.has(id))
  }

  /** A text with the places filled. */
  fill(text: string): string {
    return text.replaceAll(PLACE, (_, kind: string, number = '0') => {
      const known = this.#ids.get(kind)
      if (known && known.length > 0) return known[Number(number) % known.length] as string
      return this.#texts[kind] ?? newId(kind as Parameters<typeof newId>[0])
    })
  }

  #keep(kind: string, id: string): void {
    this.#given.add(id)
    const known = this.#ids.get(kind) ?? []
    if (known.includes(id) || this.#vital.has(id)) return
    known.push(id)
    // Any of them, so that old ids stay in use beside new ones.
    if (known.length > KEPT) known.splice(randomInt(known.length), 1)
    this.#ids.set(kind, known)
  }
}
