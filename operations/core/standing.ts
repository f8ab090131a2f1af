import type { Queryable } from '../../db/connect.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import type { StandingLock } from '../../db/queries/standing.ts'
import type { Actor } from '../credentials/principals.ts'
import { credentialsOf, requestCredentials } from '../credentials/registry.ts'

/** How a write locks the rows of its credential. `person`: the user first, then the rest in share mode. */
export type Standing = StandingLock | 'person'

/**
 * Locks the rows of the credential that a write runs by, and compares them with what was cached of it. A revocation
 * therefore waits for writes that are inside, and every later write sees it: no write commits after a revocation has
 * been answered, however long ago its headers arrived (docs/revocation.md, "Requests with a duration").
 *
 * The statements are sent at once, without waiting for each other: they travel in the round trip of the transaction's
 * other opening statements.
 * @param tx of the write, a tenant's or the system's
 * @returns false where anything has changed: look the credential up again
 */
export async function stands(tx: Queryable, actor: Actor, standing: Standing): Promise<boolean> {
  // The operator presents no credential that could end.
  if (actor.type === 'operator') return true
  const kinds = credentialsOf[actor.type]
  if (kinds.length === 0) throw new Error(`no standing is known of a credential of type ${actor.type}`)
  const { user } = actor
  const lock = standing === 'person' ? 'share' : standing
  const checks: Promise<boolean>[] = []
  // In the order of locks (db/locks.ts): statements are executed in the order in which they are sent.
  if (user && standing === 'person') {
    checks.push(lockUser(tx, user.id).then((rows) => rows.length > 0))
  }
  for (const kind of kinds) checks.push(requestCredentials[kind].stands(tx, actor, lock))
  const outcomes = await Promise.all(checks)
  return outcomes.every(Boolean)
}

/** What must be looked up again where a credential does not stand any more. */
export function tagsOf(actor: Actor): string[] {
  return credentialsOf[actor.type].flatMap((kind) => requestCredentials[kind].tags(actor))
}
