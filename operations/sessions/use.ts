import type { Database } from '../../db/connect.ts'
import { touchSessions } from '../../db/queries/session-uses.ts'
import type { UserPrincipal } from '../credentials/principals.ts'

const NOTED_EACH_MS = 60_000
const WRITTEN_EACH_MS = 5_000

/**
 * When sessions were last used: noted at most once a minute for a session, and written for all of them at once. A
 * dashboard's cookie is prolonged with it.
 */
export class SessionUse {
  readonly #database: Database
  readonly #idleSeconds: number
  readonly #onProlonged: (tag: string) => void
  readonly #onError: (error: unknown) => void
  readonly #notedAt = new WeakMap<UserPrincipal, number>()
  #pending = new Map<string, UserPrincipal>()
  #writing: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  /**
   * @param idleSeconds how long a cookie lasts without use
   * @param onProlonged gets the tag of a session whose cookie lasts longer than is remembered
   */
  constructor(
    database: Database,
    idleSeconds: number,
    onProlonged: (tag: string) => void,
    onError: (error: unknown) => void,
  ) {
    this.#database = database
    this.#idleSeconds = idleSeconds
    this.#onProlonged = onProlonged
    this.#onError = onError
    this.#timer = setInterval(() => void this.flush(), WRITTEN_EACH_MS).unref()
  }

  /** Notes a use. @param now in milliseconds since 1970 */
  note(principal: UserPrincipal, now: number): void {
    const last = this.#notedAt.get(principal)
    if (last !== undefined && now - last < NOTED_EACH_MS) return
    this.#notedAt.set(principal, now)
    this.#pending.set(principal.sessionId, principal)
  }

  /** Resolves when all that was noted so far is written, also what another call is about to write. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    if (this.#pending.size === 0) return
    const used = [...this.#pending.values()]
    this.#pending = new Map()
    const rows = used.map(({ organization, sessionId }) => ({ organizationId: organization.id, sessionId }))
    try {
      await touchSessions(this.#database, rows, this.#idleSeconds)
      for (const { kind, sessionId } of used) if (kind === 'cookie') this.#onProlonged(`session:${sessionId}`)
    } catch (error) {
      this.#onError(error)
    }
  }

  /** Writes the rest and ends. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }
}
