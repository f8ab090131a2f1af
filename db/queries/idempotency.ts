import type { Queryable } from '../connect.ts'
import { timeOf } from './clock.ts'

/** A kept first response, sealed. */
export interface KeptResponse {
  requestHash: Buffer
  status: number
  response: Buffer
}

/** Takes the right to answer for a key until the transaction ends; false where another request holds it. */
export async function tryHoldIdempotencyKey(
  tx: Queryable,
  organizationId: string,
  keyHash: Buffer,
): Promise<boolean> {
  const [row] = await tx<{ held: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended(${`${organizationId} ${keyHash.toString('hex')}`}, 0)) as held`
  return row?.held === true
}

/** The response kept under a key in the last 24 hours. */
export function findKeptResponse(tx: Queryable, organizationId: string, keyHash: Buffer) {
  return tx<KeptResponse[]>`
    select request_hash, status, response from idempotency_keys
    where organization_id = ${organizationId} and key_hash = ${keyHash}
      and created_at > ${timeOf(tx, organizationId)} - interval '24 hours'`
}

/** Keeps a response; one that is older than 24 hours and was not swept yet gives way. */
export function keepResponse(tx: Queryable, organizationId: string, keyHash: Buffer, kept: KeptResponse) {
  return tx`
    insert into idempotency_keys (organization_id, key_hash, request_hash, status, response, created_at)
    values (${organizationId}, ${keyHash}, ${kept.requestHash}, ${kept.status}, ${kept.response},
      ${timeOf(tx, organizationId)})
    on conflict (organization_id, key_hash) do update
      set request_hash = excluded.request_hash, status = excluded.status, response = excluded.response,
        created_at = excluded.created_at`
}

/** Forgets what is older than 24 hours, by the database's clock: which one is still good is asked with each use. */
export function sweepKeptResponses(db: Queryable) {
  return db`delete from idempotency_keys where created_at < now() - interval '24 hours'`
}
