import type { Queryable } from '../connect.ts'
import type { leakKeys } from '../schema/keys.ts'

export type LeakKeyRow = typeof leakKeys.$inferSelect

/** One public key of a secret-scanning partner, or no row. */
export function findLeakKey(db: Queryable, keyIdentifier: string) {
  return db<LeakKeyRow[]>`select * from leak_keys where key_identifier = ${keyIdentifier}`
}

export function listLeakKeys(db: Queryable) {
  return db<LeakKeyRow[]>`select * from leak_keys order by created_at, key_identifier`
}

/** Keeps a public key; no row where one of that identifier is kept already. */
export function insertLeakKey(db: Queryable, keyIdentifier: string, publicKey: string) {
  return db<LeakKeyRow[]>`
    insert into leak_keys (key_identifier, public_key) values (${keyIdentifier}, ${publicKey})
    on conflict do nothing returning *`
}

export function deleteLeakKey(db: Queryable, keyIdentifier: string) {
  return db<LeakKeyRow[]>`delete from leak_keys where key_identifier = ${keyIdentifier} returning *`
}

/** What an organization wants done about its leaked keys. */
export function findLeakSetting(tx: Queryable, organizationId: string) {
  return tx<{ name: string; leakedKeys: 'revoke' | 'report' }[]>`
    select name, leaked_keys from organizations where id = ${organizationId}`
}

/** The e-mail addresses of an organization's owners. */
export function listOwnerEmails(tx: Queryable, organizationId: string) {
  return tx<{ email: string }[]>`
    select users.email from memberships join users on users.id = memberships.user_id
    where memberships.organization_id = ${organizationId} and role = 'owner' order by users.id`
}

/** A row where that key was reported within the last day: partners repeat themselves. */
export function findRecentLeakReport(tx: Queryable, organizationId: string, keyId: string) {
  return tx`
    select from audit_records
    where organization_id = ${organizationId} and target_id = ${keyId} and action = 'key.leaked'
      and at > now() - interval '1 day'
    limit 1`
}
