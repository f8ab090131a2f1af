import type { Queryable } from '../../db/connect.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import { lockKeyStanding, lockKeysOf, lockMemberStanding } from '../../db/queries/standing.ts'
import type { Actor } from '../credentials/principals.ts'
import { credentialsOf, requestCredentials, type StandingRow } from '../credentials/registry.ts'

/**
 * How a write locks the rows of its credential: in share mode; or, for what belongs to a person, the user first and then
 * the rest in share mode, so that operations of one person take turns.
 */
export type Standing = 'share' | 'person'

/** Credentials that an operation ends or narrows. */
export interface Ended {
  /** Users, whose membership or sessions in the organization it changes. */
  readonly members?: readonly string[]
  /** Keys, by id. */
  readonly keys?: readonly string[]
  /** A user, whose keys it marks. */
  readonly keysOf?: string
}

// The order in which rows of different kinds are locked. Of one kind, the lower id comes first.
const order: readonly StandingRow['kind'][] = ['membership', 'key', 'interview']

/**
 * Locks the rows of the credential that a write runs by, and compares them with what was cached of it. A revocation
 * therefore waits for writes that are inside, and every later write sees it: no write commits after a revocation has
 * been answered, however long ago its headers arrived (docs/revocation.md, "Requests with a duration").
 *
 * What the operation ends is locked here too, because one order has to hold for both (docs/locks.md).
 *
 * The statements are sent at once, without waiting for each other: they travel in the round trip of the transaction's
 * other opening statements.
 * @param tx of the write, a tenant's or the system's
 * @returns false where anything has changed: look the credential up again
 */
export async function stands(
  tx: Queryable,
  actor: Actor,
  standing: Standing,
  ended: Ended = {},
): Promise<boolean> {
  const own = credentialsOf[actor.type].flatMap((kind) => requestCredentials[kind].rows(actor))
  // The operator presents no credential that could end.
  if (own.length === 0 && actor.type !== 'operator') {
    throw new Error(`no standing is known of a credential of type ${actor.type}`)
  }
  const checks: Promise<boolean>[] = []
  // Statements are executed in the order in which they are sent. `then` sends one at once, and `await` a little later.
  if (actor.user && standing === 'person') {
    checks.push(lockUser(tx, actor.user.id).then((rows) => rows.length > 0))
  }
  for (const row of inOrder(own, endedRows(actor.organization.id, ended, own))) {
    checks.push(row.check(tx, isEnded(row, ended) ? 'exclusive' : 'share'))
  }
  const outcomes = await Promise.all(checks)
  return outcomes.every(Boolean)
}

/** The rows of what an operation ends, as rows that are locked and may have any state. */
function endedRows(
  organizationId: string,
  { members = [], keys = [], keysOf }: Ended,
  own: readonly StandingRow[],
): StandingRow[] {
  const locked = (kind: StandingRow['kind'], id: string, lock: (tx: Queryable) => PromiseLike<unknown>) => ({
    kind,
    id,
    check: (tx: Queryable) => Promise.resolve(lock(tx).then(() => true)),
  })
  const allKeys = [...keys, ...own.filter(({ kind }) => kind === 'key').map(({ id }) => id)]
  return [
    ...members.map((id) => locked('membership', id, (tx) => lockMemberStanding(tx, organizationId, id))),
    ...keys.map((id) => locked('key', id, (tx) => lockKeyStanding(tx, organizationId, id, 'exclusive'))),
    // All keys that this transaction locks, in their order: the others are locked already then.
    ...(keysOf === undefined
      ? []
      : [locked('key', '', (tx) => lockKeysOf(tx, organizationId, keysOf, allKeys))]),
  ]
}

function inOrder(own: readonly StandingRow[], ended: readonly StandingRow[]): StandingRow[] {
  const isOwn = (row: StandingRow) => own.some(({ kind, id }) => kind === row.kind && id === row.id)
  return [...own, ...ended.filter((row) => !isOwn(row))].sort(
    (one, other) => order.indexOf(one.kind) - order.indexOf(other.kind) || (one.id < other.id ? -1 : 1),
  )
}

function isEnded({ kind, id }: StandingRow, { members = [], keys = [] }: Ended): boolean {
  return kind === 'membership' ? members.includes(id) : kind === 'key' && keys.includes(id)
}

/** What must be looked up again where a credential does not stand any more. */
export function tagsOf(actor: Actor): string[] {
  return credentialsOf[actor.type].flatMap((kind) => requestCredentials[kind].tags(actor))
}
