import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { emailChanges } from '../schema/people.ts'

export type EmailChangeRow = typeof emailChanges.$inferSelect

/**
 * Keeps a change that waits for both addresses; it takes the place of an earlier one.
 * @param change.seconds until it expires
 */
export function keepEmailChange(
  db: Queryable,
  change: { userId: string; newEmail: string; newHash: Buffer; oldHash: Buffer; seconds: number },
) {
  locking(db, 'email_change', change.userId)
  return db`
    insert into email_changes (user_id, new_email, new_hash, old_hash, expires_at)
    values (${change.userId}, ${change.newEmail}, ${change.newHash}, ${change.oldHash}, now() + make_interval(secs => ${change.seconds}))
    on conflict (user_id) do update set new_email = excluded.new_email, new_hash = excluded.new_hash,
      old_hash = excluded.old_hash, new_confirmed_at = null, old_confirmed_at = null, created_at = now(),
      expires_at = excluded.expires_at`
}

/** Whose change a token was mailed for; no row for a token that is not valid. */
export function findEmailChange(db: Queryable, hash: Buffer) {
  return db<{ userId: string }[]>`
    select user_id from email_changes where (new_hash = ${hash} or old_hash = ${hash}) and expires_at > now()`
}

/** Notes the consent of the address that a token was mailed to; no row for a token that is not valid. */
export function confirmEmailChange(db: Queryable, userId: string, hash: Buffer) {
  locking(db, 'email_change', userId)
  return db<EmailChangeRow[]>`
    update email_changes set
      new_confirmed_at = case when new_hash = ${hash} then coalesce(new_confirmed_at, now()) else new_confirmed_at end,
      old_confirmed_at = case when old_hash = ${hash} then coalesce(old_confirmed_at, now()) else old_confirmed_at end
    where user_id = ${userId} and (new_hash = ${hash} or old_hash = ${hash}) and expires_at > now()
    returning *`
}

export function deleteEmailChange(db: Queryable, userId: string) {
  locking(db, 'email_change', userId)
  return db<{ userId: string }[]>`delete from email_changes where user_id = ${userId} returning user_id`
}

/** Gives a user another address; no row where it belongs to somebody. */
export function updateEmail(db: Queryable, userId: string, email: string) {
  locking(db, 'user', userId)
  return db<{ id: string }[]>`
    update users set email = ${email}
    where id = ${userId} and not exists (select from users where email = ${email}) returning id`
}

export function updateUserName(db: Queryable, userId: string, name: string) {
  locking(db, 'user', userId)
  return db<{ id: string; email: string; name: string }[]>`
    update users set name = ${name} where id = ${userId} returning id, email, name`
}
