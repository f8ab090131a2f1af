import { channel } from 'node:diagnostics_channel'
import type { Queryable } from './connect.ts'

/**
 * The order in which a transaction locks rows. Whoever holds one of these may lock what comes after it, and nothing that
 * comes before: so two transactions never wait for each other in a circle.
 *
 * - An operation's own credential and the credentials that it ends come before all of them, in one order
 *   (`operations/core/standing.ts`). Own rows are locked in share mode. What belongs to a person (`standing: 'person'`) locks
 *   the user before it, so that operations of one person take turns. The erasure of an organization locks every
 *   credential of it (`lockStandings`).
 * - Several organizations are locked in the order of their ids, as is every set of rows of one kind.
 * - Whoever changes or deletes deliveries locks their webhooks first (`db/queries/webhook-locks.ts`).
 * - What is counted against a limit is counted with the organization locked: of two that would both be the last one, the
 *   second sees the first.
 * - The audit log and then the announcements of changes come last. They are locked by organization and by tag.
 */
export const lockOrder = [
  'user',
  'organization',
  // Of one person.
  'email_change',
  'password_reset',
  'totp',
  // Of one organization.
  'membership',
  'session',
  'token',
  'key',
  'invitation',
  'webhook',
  'invite_bulk',
  'candidate',
  'invite',
  'interview',
  'campaign',
] as const

/** A kind of row that is locked. */
export type Lockable = (typeof lockOrder)[number]

/** What a transaction is about to lock. */
export interface Locking {
  readonly tx: object
  readonly what: Lockable
  /** The row, or the organization or person that the rows belong to. */
  readonly of: string
  /** The transaction inserts the row itself: nobody else can hold it. */
  readonly own: boolean
}

const lockings = channel('anteroom:locking')

/**
 * Every query that locks rows calls this first. Tests listen and refuse what breaks {@link lockOrder}; elsewhere nobody
 * listens, and it costs nothing.
 * @param of the row, or the organization or person that the rows belong to
 */
export function locking(tx: Queryable, what: Lockable, of: string): void {
  publish(tx, what, of, false)
}

/** The same for a row that the transaction inserts: it may lock this row again, whatever it has locked meanwhile. */
export function inserting(tx: Queryable, what: Lockable, of: string): void {
  publish(tx, what, of, true)
}

function publish(tx: Queryable, what: Lockable, of: string, own: boolean): void {
  // A single statement outside a transaction holds its locks only for itself.
  if (lockings.hasSubscribers && 'savepoint' in tx) lockings.publish({ tx, what, of, own } satisfies Locking)
}

/** Hears of every lock. @returns ends the listening */
export function onLocking(listener: (locking: Locking) => void): () => void {
  const heard = (message: unknown) => listener(message as Locking)
  lockings.subscribe(heard)
  return () => lockings.unsubscribe(heard)
}
