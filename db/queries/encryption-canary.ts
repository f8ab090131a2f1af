import type postgres from 'postgres'
import type { Queryable } from '../connect.ts'

/** A secret that is sealed with the encryption key, and what it belongs to. */
export interface SealedSample {
  readonly context: string
  readonly sealed: Buffer
}

/** Whether a schema has the canary's table: not before its first migration. */
export function findCanaryTable(client: postgres.Sql, schema: string) {
  return client`
    select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = ${schema} and relname = 'encryption_canary'`
}

/** The canary, if one was kept. */
export function findCanary(tx: Queryable) {
  return tx<{ sealed: Buffer }[]>`select sealed from encryption_canary`
}

/** Keeps a canary unless another process was faster. */
export function insertCanary(tx: Queryable, sealed: Buffer) {
  return tx`insert into encryption_canary (sealed) values (${sealed}) on conflict do nothing`
}

/** Puts a canary in the place of the one that is there. */
export function replaceCanary(tx: Queryable, sealed: Buffer) {
  return tx`
    insert into encryption_canary (sealed) values (${sealed})
    on conflict (one) do update set sealed = excluded.sealed, created_at = now()`
}

/** One secret of each kind that lasts, for databases that are older than the canary. */
export function sealedSamples(tx: Queryable) {
  return tx<SealedSample[]>`
    (select 'webhook ' || id as context, secrets as sealed from webhooks order by created_at desc limit 1)
    union all
    (select 'totp ' || user_id, secret from totp limit 1)`
}
