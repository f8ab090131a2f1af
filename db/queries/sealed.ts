import type { Queryable } from '../connect.ts'

/** Something sealed, and where it stands in the order of its table. */
export interface SealedRow {
  /** The row's key in its table. */
  readonly place: readonly string[]
  /** What it is sealed for (credentials/seal.ts). */
  readonly context: string
  readonly sealed: Buffer
}

/**
 * One kind of sealed values: reads them in the order of their keys, and replaces one that is still the same. Each
 * statement is a transaction of its own, so that nobody waits for more than one row.
 */
export interface SealedKind {
  readonly name: string
  /** @param after the place of the last row that was read; empty: from the beginning */
  list(db: Queryable, after: readonly string[], limit: number): PromiseLike<SealedRow[]>
  replace(db: Queryable, row: SealedRow, sealed: Buffer): PromiseLike<{ readonly count: number }>
}

const first = (after: readonly string[]) => after[0] ?? ''
const second = (after: readonly string[]) => after[1] ?? ''

/** Everything that lies in the database sealed with the encryption key, besides the canary and results in bulks. */
export const sealedKinds: readonly SealedKind[] = [
  {
    name: 'webhooks',
    list: (db, after, limit) => db<SealedRow[]>`
      select array[organization_id, id] as place, 'webhook ' || id as context, secrets as sealed from webhooks
      where (organization_id, id) > (${first(after)}, ${second(after)})
      order by organization_id, id limit ${limit}`,
    replace: (db, { place, sealed: before }, sealed) => db`
      update webhooks set secrets = ${sealed}
      where organization_id = ${first(place)} and id = ${second(place)} and secrets = ${before}`,
  },
  {
    name: 'secondFactors',
    list: (db, after, limit) => db<SealedRow[]>`
      select array[user_id] as place, 'totp ' || user_id as context, secret as sealed from totp
      where user_id > ${first(after)} order by user_id limit ${limit}`,
    replace: (db, { place, sealed: before }, sealed) => db`
      update totp set secret = ${sealed} where user_id = ${first(place)} and secret = ${before}`,
  },
  {
    name: 'idempotentResponses',
    list: (db, after, limit) => db<SealedRow[]>`
      select array[organization_id, encode(key_hash, 'hex')] as place,
        'idempotency ' || organization_id || ' ' || encode(key_hash, 'hex') as context, response as sealed
      from idempotency_keys
      where (organization_id, key_hash) > (${first(after)}, decode(${second(after)}, 'hex'))
      order by organization_id, key_hash limit ${limit}`,
    replace: (db, { place, sealed: before }, sealed) => db`
      update idempotency_keys set response = ${sealed}
      where organization_id = ${first(place)} and key_hash = decode(${second(place)}, 'hex')
        and response = ${before}`,
  },
]

/** The sealed jobs of a queue that are still to be done. @param schema the environment's */
export function sealedJobs(schema: string, queue: string, context: string, name: string): SealedKind {
  return {
    name,
    list: (db, after, limit) => db<SealedRow[]>`
      select array[id::text] as place, ${context}::text as context, decode(data->>'sealed', 'base64') as sealed
      from ${db(`${schema}_jobs`)}.job
      where name = ${queue} and state < 'completed' and data ? 'sealed'
        and id > ${after[0] ?? '00000000-0000-0000-0000-000000000000'}::uuid
      order by id limit ${limit}`,
    replace: (db, { place, sealed: before }, sealed) => db`
      update ${db(`${schema}_jobs`)}.job
      set data = jsonb_set(data, '{sealed}', to_jsonb(${sealed.toString('base64')}::text))
      where name = ${queue} and id = ${first(place)}::uuid
        and decode(data->>'sealed', 'base64') = ${before}`,
  }
}

/** A file of invites whose results hold sealed tokens. `R` is what became of a row. */
export interface SealedBulk<R> {
  readonly organizationId: string
  readonly id: string
  readonly results: R[]
}

/** The files of invites in the order of their keys. */
export function listSealedBulks<R>(db: Queryable, after: readonly string[], limit: number) {
  return db<SealedBulk<R>[]>`
    select organization_id, id, results from invite_bulks
    where (organization_id, id) > (${first(after)}, ${second(after)})
    order by organization_id, id limit ${limit}`
}

/** Replaces the results of a file, unless there are more by now. */
export function replaceBulkResults<R>(db: Queryable, bulk: SealedBulk<R>, results: readonly R[]) {
  return db`
    update invite_bulks set results = ${db.json(results as never)}
    where organization_id = ${bulk.organizationId} and id = ${bulk.id}
      and jsonb_array_length(results) = ${bulk.results.length}`
}
