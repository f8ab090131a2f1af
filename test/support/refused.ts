import type postgres from 'postgres'
import type { Test } from 'tap'
import type { Answer } from './app.ts'

const codes: Record<number, string> = {
  400: 'BAD_REQUEST',
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
}

/** Asserts the contract's envelope. */
export function refusedAs(t: Test, answer: Answer, status: number, name: string): void {
  const { error } = answer.body
  t.equal(answer.status, status, `${name}: ${JSON.stringify(answer.body)}`)
  t.equal(error?.code, codes[status], `${name}: code`)
  t.equal(error?.requestId, answer.headers['x-request-id'], `${name}: request id`)
  t.match(error?.message, /\w+ \w+/, `${name}: a sentence`)
}

/** How many rows the tables hold that a request could write to; logs of requests are meant to grow. */
export async function rowsOf(sql: postgres.Sql): Promise<unknown> {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'sandbox'::regnamespace and relkind = 'r' and not relispartition
      and relname !~ '^(replicas|changes|key_(counters|usage|callers|needs)|organization_usage|log_spools|session_uses)$'
    order by name`
  return Promise.all(
    tables.map(async ({ name }) => [name, (await sql`select count(*) from sandbox.${sql(name)}`)[0]?.count]),
  )
}
