import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { OrganizationRow } from './accounts.ts'

/** One organization. */
export function findOrganization(tx: Queryable, id: string) {
  return tx<OrganizationRow[]>`select * from organizations where id = ${id}`
}

/**
 * One organization, locked until the transaction ends. Who changes its settings or its members, or counts something
 * against a limit, takes turns with all who do the same. Nobody else waits for it.
 */
export function lockOrganization(tx: Queryable, id: string) {
  locking(tx, 'organization', id)
  return tx<OrganizationRow[]>`select * from organizations where id = ${id} for no key update`
}

/** What an organization may change of itself. */
export type OrganizationChange = Pick<
  OrganizationRow,
  'name' | 'allowedOrigins' | 'requireTotp' | 'leakedKeys' | 'mediaRetentionDays'
>

export function updateOrganization(tx: Queryable, id: string, change: OrganizationChange) {
  return tx<OrganizationRow[]>`
    update organizations set name = ${change.name}, allowed_origins = ${change.allowedOrigins},
      require_totp = ${change.requireTotp}, leaked_keys = ${change.leakedKeys},
      media_retention_days = ${change.mediaRetentionDays}
    where id = ${id} returning *`
}

/** Sets an organization's plan; no row where there is no such organization (system role). */
export function updatePlan(db: Queryable, id: string, plan: string) {
  locking(db, 'organization', id)
  return db<OrganizationRow[]>`update organizations set plan = ${plan} where id = ${id} returning *`
}

/** Organizations with their number of members, newest first (system role). */
export function listOrganizations(db: Queryable) {
  return db<{ id: string; name: string; plan: string; members: number; createdAt: Date }[]>`
    select organizations.id, organizations.name, organizations.plan, organizations.created_at,
      (select count(*)::int from memberships where organization_id = organizations.id) as members
    from organizations order by id desc`
}

/** Whether any organization lists that web origin (system role). */
export function isOriginKnown(db: Queryable, origin: string) {
  return db<{ known: boolean }[]>`
    select exists (select from organizations where allowed_origins @> array[${origin}::text]) as known`
}

/** Whether an organization lists that web origin (system role). */
export function isOriginOf(db: Queryable, id: string, origin: string) {
  return db<{ listed: boolean }[]>`
    select allowed_origins @> array[${origin}::text] as listed from organizations where id = ${id}`
}
