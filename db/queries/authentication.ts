import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { totp } from '../schema/authentication.ts'
import type { UserRow } from './accounts.ts'

export type TotpRow = typeof totp.$inferSelect

export function findUser(db: Queryable, userId: string) {
  return db<UserRow[]>`select * from users where id = ${userId}`
}

/** A user's password hash, which does not change before the transaction ends. */
export function holdPassword(db: Queryable, userId: string) {
  locking(db, 'user', userId)
  return db<{ passwordHash: string }[]>`select password_hash from users where id = ${userId} for share`
}

/**
 * Replaces a password's hash.
 * @param from the hash that it must still be; null: whatever it is
 */
export function updatePassword(db: Queryable, userId: string, from: string | null, to: string) {
  locking(db, 'user', userId)
  return db<{ id: string }[]>`
    update users set password_hash = ${to}
    where id = ${userId} and (${from}::text is null or password_hash = ${from}) returning id`
}

/** A user's authenticator, confirmed or waiting. */
export function findTotp(db: Queryable, userId: string) {
  return db<
    TotpRow[]
  >`select user_id, secret, last_step::float8 as last_step, created_at, confirmed_at from totp where user_id = ${userId}`
}

/** Keeps a new authenticator that waits for its first code; no row where a confirmed one stands. */
export function insertTotp(db: Queryable, userId: string, secret: Buffer) {
  return db<{ userId: string }[]>`
    insert into totp (user_id, secret) values (${userId}, ${secret})
    on conflict (user_id) do update set secret = excluded.secret, last_step = 0, created_at = now()
    where totp.confirmed_at is null
    returning user_id`
}

/** Confirms the authenticator that waits; no row where another request did, or its secret was replaced. */
export function confirmTotp(db: Queryable, userId: string, secret: Buffer, step: number) {
  locking(db, 'totp', userId)
  return db<{ userId: string }[]>`
    update totp set confirmed_at = now(), last_step = ${step}
    where user_id = ${userId} and secret = ${secret} and confirmed_at is null returning user_id`
}

/** Uses the code of a step up; no row where that one, or a later one, was used. */
export function useTotpStep(db: Queryable, userId: string, step: number) {
  return db<{ userId: string }[]>`
    update totp set last_step = ${step}
    where user_id = ${userId} and confirmed_at is not null and last_step < ${step} returning user_id`
}

/** Whether {@link useTotpStep} would use the step up now. */
export function findUnusedStep(db: Queryable, userId: string, step: number) {
  return db<{ userId: string }[]>`
    select user_id from totp where user_id = ${userId} and confirmed_at is not null and last_step < ${step}`
}

/** Takes a user's authenticator and recovery codes away; no row where there was none that was confirmed. */
export async function deleteTotp(db: Queryable, userId: string) {
  locking(db, 'totp', userId)
  await db`delete from recovery_codes where user_id = ${userId}`
  return db<
    { userId: string }[]
  >`delete from totp where user_id = ${userId} and confirmed_at is not null returning user_id`
}

/** Replaces a user's recovery codes. */
export async function replaceRecoveryCodes(db: Queryable, userId: string, hashes: readonly Buffer[]) {
  await db`delete from recovery_codes where user_id = ${userId}`
  for (const hash of hashes) await db`insert into recovery_codes (user_id, hash) values (${userId}, ${hash})`
}

/** Uses a recovery code up; no row where it is unknown or was used. */
export function useRecoveryCode(db: Queryable, userId: string, hash: Buffer) {
  return db<{ userId: string }[]>`
    update recovery_codes set used_at = now()
    where user_id = ${userId} and hash = ${hash} and used_at is null returning user_id`
}

/** Whether {@link useRecoveryCode} would use the code up now. */
export function findRecoveryCode(db: Queryable, userId: string, hash: Buffer) {
  return db<{ userId: string }[]>`
    select user_id from recovery_codes where user_id = ${userId} and hash = ${hash} and used_at is null`
}

/** The organizations of a user that require a second factor. */
export function organizationsRequiringTotp(db: Queryable, userId: string) {
  return db<{ name: string }[]>`
    select organizations.name from memberships join organizations on organizations.id = memberships.organization_id
    where memberships.user_id = ${userId} and organizations.require_totp order by organizations.name`
}

/** The names of the organizations that a user belongs to. */
export function organizationNames(db: Queryable, userId: string) {
  return db<{ name: string }[]>`
    select organizations.name from memberships join organizations on organizations.id = memberships.organization_id
    where memberships.user_id = ${userId}`
}
