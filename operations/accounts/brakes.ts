import { networkOf } from '../../credentials/addresses.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Database } from '../../db/connect.ts'
import {
  countFailure,
  countFailures,
  findBrake,
  type Grip,
  pruneBrakes,
  releaseBrake,
} from '../../db/queries/brakes.ts'
import { KeyedGate, tooMany } from './gate.ts'

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600

/** A known or an unknown place tries a password: ten are free, then 1 s, 2 s, 4 s … up to a quarter of an hour. */
const ordinary: Grip = { free: 10, firstSeconds: 1, longestSeconds: 900, windowSeconds: DAY_SECONDS }
/** An unknown place, while the account is being guessed at from many: its first try is free, as it may be the owner. */
const wary: Grip = { ...ordinary, free: 0, firstSeconds: 30 }
/** Codes of an authenticator: only who has the password comes this far, so that it counts for the whole account. */
const codes: Grip = { ...ordinary, free: 5 }

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
 * Brakes on guessing. A failure delays the next try of the same account from the same place, and of nobody else: a third
 * party can't lock anyone out. docs/security.md tells why it is built so.
 */
export class LoginBrakes {
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
    return this.#braked(place, ordinary.free, work, async () => {
      const [seen] = await countFailures(this.#database, account, HOUR_SECONDS)
      const guessedAt = !attempt.known && (seen?.failures ?? 0) >= GUESSED_AT
      await countFailure(this.#database, place, guessedAt ? wary : ordinary)
      await countFailure(this.#database, account, { ...ordinary, free: 1e9, windowSeconds: HOUR_SECONDS })
    })
  }

  /**
   * Tries a code of an authenticator, or the password of who is logged in already.
   * @param subject whose failures count together, e.g. `totp usr_…`
   * @throws ApiError 429 while it has to wait
   */
  tryCode<T>(subject: string, work: () => Promise<Tried<T>>): Promise<T> {
    const key = sha256(subject)
    return this.#braked(key, codes.free, work, () => countFailure(this.#database, key, codes))
  }

  #braked<T>(
    key: Buffer,
    free: number,
    work: () => Promise<Tried<T>>,
    count: () => Promise<unknown>,
  ): Promise<T> {
    return this.#passwords.through(key.toString('latin1'), async () => {
      const [brake] = await findBrake(this.#database, key)
      if (brake) throw tooMany(brake.seconds, free, 'too_many_tries')
      const { outcome, value } = await work()
      if (outcome === 'right') await releaseBrake(this.#database, key)
      if (outcome === 'wrong') {
        await count()
        await pruneBrakes(this.#database, DAY_SECONDS)
      }
      return value
    })
  }
}
