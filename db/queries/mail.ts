import type { Queryable } from '../connect.ts'

/** A message that was not delivered yet. */
export interface UndeliveredRow {
  readonly id: string
  readonly state: 'waiting' | 'failed'
  readonly data: { readonly sealed: string }
  /** What the last attempt ended with, as pg-boss keeps it. */
  readonly outcome: { readonly message?: string; readonly value?: string } | null
  readonly attempts: number
  readonly createdAt: Date
  /** When it is tried next; null: not by itself. */
  readonly nextAt: Date | null
}

/** Messages whose first attempt failed: those that are tried again, and those that were given up. */
export function listUndelivered(db: Queryable, schema: string) {
  return db<UndeliveredRow[]>`
    select id, case name when 'mail' then 'waiting' else 'failed' end as state, data,
      coalesce(output, source_output) as outcome, coalesce(source_retry_count, retry_count) as attempts,
      coalesce(source_created_on, created_on) as created_at,
      case name when 'mail' then start_after end as next_at
    from ${db(`${schema}_jobs`)}.job
    where (name = 'mail' and state = 'retry') or (name = 'mail_failed' and state < 'active')
    order by created_at, id`
}

/** Has messages that are tried again later tried now. */
export function hurryMail(db: Queryable, schema: string, ids: readonly string[]) {
  return db<{ id: string }[]>`
    update ${db(`${schema}_jobs`)}.job set start_after = now()
    where name = 'mail' and state = 'retry' and id = any(${ids as string[]}::uuid[])
    returning id`
}
