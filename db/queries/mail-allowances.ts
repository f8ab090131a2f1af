import type { Queryable } from '../connect.ts'

/**
 * Takes one message from a bucket, whose row stays locked until the transaction ends.
 * @param secondsEach how long it takes until one more message may be sent
 * @returns `wait`: 0, or the seconds until the next message may be sent
 */
export function takeMailAllowance(tx: Queryable, bucket: Buffer, capacity: number, secondsEach: number) {
  return tx<{ wait: number }[]>`
    select take_mail_allowance(${bucket}, ${capacity}::float8, ${secondsEach}::float8) as wait`
}

/** Drops buckets that are surely full again (system role). */
export function sweepMailAllowances(db: Queryable, days: number) {
  return db`delete from mail_allowances where changed_at < now() - ${days}::int * interval '1 day'`
}
