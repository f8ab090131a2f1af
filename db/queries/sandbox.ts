import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'

// In this order: what belongs to a campaign or a candidate goes with it, and is counted before.
const tables = ['answers', 'files', 'interviews', 'invites', 'campaigns', 'candidates', 'events'] as const

const locked = [
  ['invite_bulks', 'invite_bulk'],
  ['candidates', 'candidate'],
  ['invites', 'invite'],
  ['interviews', 'interview'],
  ['campaigns', 'campaign'],
] as const

/** How many rows of each table went. */
export type Deleted = Record<(typeof tables)[number], number>

/** Deletes what an organization has made, and nothing of its people, keys, settings and logs. */
export async function deleteOwnData(tx: Queryable, organizationId: string): Promise<Deleted> {
  // Deleting takes another order than locking (db/locks.ts).
  for (const [table, what] of locked) {
    locking(tx, what, organizationId)
    await tx`select from ${tx(table)} where organization_id = ${organizationId} order by id for update`
  }
  const deleted: Partial<Deleted> = {}
  for (const table of tables) {
    deleted[table] = (await tx`delete from ${tx(table)} where organization_id = ${organizationId}`).count
  }
  return deleted as Deleted
}

/** Forgets the kept responses of an organization: what they tell of is gone. */
export function forgetKeptResponses(tx: Queryable, organizationId: string) {
  return tx`delete from idempotency_keys where organization_id = ${organizationId}`
}
