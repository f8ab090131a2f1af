import { networkOf } from '../../credentials/addresses.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Database } from '../../db/connect.ts'
import {
  type Backoff,
  countFailure,
  countFailures,
  findWait,
  forgetFailures,
  pruneFailures,
} from '../../db/queries/throttles.ts'
import { KeyedGate, tooMany } from './gate.ts'

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600

/** A known or an unknown place tries a password: ten are free, then 1 s, 2 s, 4 s … up to a quarter of an hour. */
const ordinary: Backoff = { free: 10, firstSeconds: 1, longestSeconds: 900, windowSeconds: DAY_SECONDS }
/** An unknown place, while the account is being guessed at from many: its first try is free, as it may be the owner. */
const wary: Backoff = { ...ordinary, free: 0, firstSeconds: 30 }
/** Codes of an authenticator, and the password of somebody who is logged in: failures count for the whole account. */
const codes: Backoff = { ...ordinary, free: 5 }

// From so many failures within an hour, from wherever, an account counts as being guessed at.
const GUESSED_AT = 50

const PASSWORDS_AT_ONCE = 4
const FROM_ADDRESS_AT_ONCE = 8
const LONGEST_QUEUE = 500

/** What is tried: by whose name, from where. */
export interface Attempt {
  readonly account: string
  /** The network that it comes from, or a device that has logged in to this account before. */
  readonly place: string
  readonly known: boolean
}

/** What a try came to: `right` ends the count of failures, `wrong` adds to it, `neither` leaves it. */
export interface Tried<T> {
  readonly outcome: 'right' | 'wrong' | 'neither'
  readonly value: T
}

/**
 * Slows guessing down. A failed log-in delays the next one of the same account from the same place, and nobody else's:
 * a third party can't lock anyone out. docs/security.md explains the design, and which key each count has.
 */
export class LoginThrottle {
  readonly #database: Database
  readonly #passwords = new KeyedGate(PASSWORDS_AT_ONCE, LONGEST_QUEUE)
  readonly #addresses = new KeyedGate(FROM_ADDRESS_AT_ONCE, LONGEST_QUEUE)

  constructor(database: Database) {
    this.#database = database
  }

  /** Bounds what is under way for one client address, so that a limit by address also holds for a burst. */
  fromAddress<T>(ip: string, work: () => Promise<T>): Promise<T> {
    return this.#addresses.through(networkOf(ip), work)
  }

  /**
   * Tries a password.
   * @throws ApiError 429 while the place has to wait; nothing was tried then
   */
  tryPassword<T>(attempt: Attempt, work: () => Promise<Tried<T>>): Promise<T> {
    const account = sha256(`account ${attempt.account}`)
    const place = sha256(`password ${attempt.account} ${attempt.place}`)
    return this.#throttled(place, ordinary.free, work, async () => {
      const [seen] = await countFailures(this.#database, account, HOUR_SECONDS)
      const guessedAt = !attempt.known && (seen?.failures ?? 0) >= GUESSED_AT
      await countFailure(this.#database, place, guessedAt ? wary : ordinary)
      await countFailure(this.#database, account, { ...ordinary, free: 1e9, windowSeconds: HOUR_SECONDS })
    })
  }

  /**
   * Tries a code of an authenticator, or the password of somebody who is logged in.
   * @param what what is tried
   * @param userId whose failures count together: of what a user has, only the id cannot be replaced by a new one
   * @throws ApiError 429 while the user has to wait
   */
  tryCode<T>(what: 'totp' | 'confirm', userId: string, work: () => Promise<Tried<T>>): Promise<T> {
    const key = sha256(`${what} ${userId}`)
    return this.#throttled(key, codes.free, work, () => countFailure(this.#database, key, codes))
  }

  #throttled<T>(
    key: Buffer,
    free: number,
    work: () => Promise<Tried<T>>,
    count: () => Promise<unknown>,
  ): Promise<T> {
    return this.#passwords.through(key.toString('latin1'), async () => {
      const [wait] = await findWait(this.#database, key)
      if (wait) throw tooMany(wait.seconds, free, 'too_many_tries')
      const { outcome, value } = await work()
      if (outcome === 'right') await forgetFailures(this.#database, key)
      if (outcome === 'wrong') {
        await count()
        await pruneFailures(this.#database, DAY_SECONDS)
      }
      return value
    })
  }
}
