import type { Queryable } from '../../db/connect.ts'
import { lockUser } from '../../db/queries/sessions.ts'
import {
  lockInterviewStanding,
  lockKeyStanding,
  lockUserStanding,
  type StandingLock,
} from '../../db/queries/standing.ts'
import type { Actor } from '../credentials/principals.ts'

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
  const organizationId = actor.organization.id
  const { key, user, sessionId, interviewSession } = actor
  const lock = standing === 'person' ? 'share' : standing
  const checks: Promise<boolean>[] = []
  // In the order of locks (db/locks.ts): statements are executed in the order in which they are sent.
  if (user && standing === 'person') {
    checks.push(lockUser(tx, user.id).then((rows) => rows.length > 0))
  }
  if (user && sessionId !== null) {
    checks.push(
      lockUserStanding(tx, organizationId, sessionId, user.id, lock).then(
        ([now]) => now?.live === true && now.role === user.role,
      ),
    )
  }
  if (key) {
    checks.push(
      lockKeyStanding(tx, organizationId, key.keyId, lock).then(
        ([now]) =>
          now?.live === true &&
          sameTexts(now.scopes, key.scopes) &&
          sameTexts(now.allowedIps, key.allowedIps) &&
          now.endsOn?.getTime() === key.endsOn?.getTime(),
      ),
    )
  }
  if (interviewSession) {
    checks.push(
      lockInterviewStanding(tx, organizationId, interviewSession, lock).then((rows) => rows.length > 0),
    )
  }
  if (checks.length === 0) throw new Error(`no standing is known of a credential of type ${actor.type}`)
  const outcomes = await Promise.all(checks)
  return outcomes.every(Boolean)
}

/** What must be looked up again where a credential does not stand any more. */
export function tagsOf(actor: Actor): string[] {
  return [
    ...(actor.key ? [`key:${actor.key.keyId}`] : []),
    ...(actor.user ? [`user:${actor.user.id}`] : []),
    ...(actor.sessionId === null ? [] : [`session:${actor.sessionId}`]),
  ]
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index])
}
