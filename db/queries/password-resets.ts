import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { UserRow } from './accounts.ts'
import { lockUser } from './sessions.ts'

/**
 * Keeps a new token, unless the user was sent enough of them within the hour: no row then. Those who do so for one user
 * take turns until their transactions end: each counts what the one before has kept.
 * @param tx a transaction
 * @param seconds until it expires
 */
export async function insertPasswordReset(
  tx: Queryable,
  userId: string,
  hash: Buffer,
  seconds: number,
  most: number,
) {
  await lockUser(tx, userId)
  return tx<{ userId: string }[]>`
    insert into password_resets (hash, user_id, expires_at)
    select ${hash}, ${userId}, now() + make_interval(secs => ${seconds})
    where (select count(*) from password_resets where user_id = ${userId} and created_at > now() - interval '1 hour') < ${most}
    returning user_id`
}

/** The user that a token was sent to, while it can be used. */
export function findPasswordReset(db: Queryable, hash: Buffer) {
  return db<UserRow[]>`
    select users.* from password_resets join users on users.id = password_resets.user_id
    where hash = ${hash} and expires_at > now()`
}

/** Uses a token up: no row where another request was first. */
export function takePasswordReset(db: Queryable, userId: string, hash: Buffer) {
  locking(db, 'password_reset', userId)
  return db<{ userId: string }[]>`
    delete from password_resets where user_id = ${userId} and hash = ${hash} and expires_at > now() returning user_id`
}

/** Forgets tokens that nobody used and that count for no limit any more. */
export function sweepPasswordResets(db: Queryable) {
  return db`delete from password_resets where expires_at < now() - interval '1 hour'`
}

/** Ends every other token of a user. */
export function deletePasswordResets(db: Queryable, userId: string) {
  locking(db, 'password_reset', userId)
  return db`delete from password_resets where user_id = ${userId}`
}
