import postgres from 'postgres'
import t from 'tap'
import {
  type AccessFilter,
  type AccessRecord,
  findAccessRecord,
  listAccessRecords,
} from '../../db/queries/access-log.ts'
import { newId } from '../../schemas/ids.ts'
import { testApp } from '../support/app.ts'

const ROWS = 15_000
const DAYS = 10
const nothing: AccessFilter = {
  keyId: undefined,
  status: undefined,
  path: undefined,
  from: undefined,
  to: undefined,
}

t.test(
  'every filter is answered from an index in the order of the page, on the days that it needs',
  async (t) => {
    const { app, databaseUrl, tenant } = await testApp(t)
    const { organizationId: org } = await tenant()
    const owner = postgres(databaseUrl, { max: 1, connection: { search_path: 'sandbox', timezone: 'UTC' } })
    t.teardown(() => owner.end())
    // Tomorrow's too: it may begin before the next statement does.
    await owner`select ensure_log_partition(current_date - ago) from generate_series(-1, ${DAYS}::int) as ago`
    // Alternating organizations, keys, states and paths, spread over the days.
    await owner`
    insert into access_logs (organization_id, id, at, method, path, status, duration_ms, ip, credential_type, key_id)
    select case when n % 3 = 0 then ${newId('org')} else ${org} end, request_id_floor(at) || lpad(n::text, 16, '0'), at, 'GET',
      '/api/' || n % 40, case when n % 7 = 0 then 401 else 200 end, 1, '192.0.2.1', 'api_key', 'key_' || n % 20
    from (
      select n, now() - make_interval(secs => (${ROWS}::int - n) * ${(DAYS * 86_400) / ROWS}::float8) as at
      from generate_series(1, ${ROWS}::int) as n
    ) as spread`
    await owner`vacuum analyze access_logs`
    // A day that has just begun holds so few rows that reading it whole is cheaper than any index: what is asked
    // here is whether an index can answer.
    await owner`set enable_seqscan = off`

    const now = Date.now()
    const [middle] = await owner`select request_id_floor(now() - interval '5 days') as id`
    const filters: [string, Partial<AccessFilter>, string | null][] = [
      ['none', {}, null],
      ['cursor', {}, middle?.id],
      ['key', { keyId: 'key_7' }, null],
      ['status', { status: 401 }, null],
      ['path', { path: '/api/7' }, null],
      ['time', { from: now - 4 * 86_400_000, to: now - 3 * 86_400_000 }, null],
      [
        'key, status, path and time',
        { keyId: 'key_7', status: 401, path: '/api/7', from: now - 9 * 86_400_000 },
        null,
      ],
    ]
    for (const [name, filter, after] of filters) {
      const plan = await explain(
        listAccessRecords(app.database, org, { limit: 50, after }, { ...nothing, ...filter }),
      )
      t.notMatch(plan, /Seq Scan on access_logs/, `${name}: no table is read whole`)
      // So few are left by all of them at once that these may be found day by day and sorted as well.
      if (Object.keys(filter).length > 2) continue
      t.notMatch(plan, /Sort/, `${name}: nothing is sorted`)
      t.match(plan, /Index (Only )?Scan Backward/, name)
    }
    const day = await explain(
      listAccessRecords(app.database, org, { limit: 50, after: null }, { ...nothing, ...filters[5]?.[1] }),
    )
    t.ok(new Set(day.match(/access_logs_\d{8}/g)).size <= 2, 'a day asked for is a day or two looked at')
    const one = await explain(findAccessRecord(app.database, org, `${middle?.id}0000000000000000`))
    t.equal(new Set(one.match(/access_logs_\d{8}/g)).size, 1, 'a request id tells its day')

    // What was sent, with its parameters in place: postgres.js tells them once the query has run.
    async function explain(query: postgres.PendingQuery<AccessRecord[]>): Promise<string> {
      const { statement } = await query
      const { parameters } = query as unknown as { parameters: unknown[] }
      const text = statement.string.replace(/\$(\d+)/g, (_, place: string) =>
        literal(parameters[Number(place) - 1]),
      )
      const rows = await owner.unsafe(`explain (analyze, costs off, timing off, summary off) ${text}`)
      const lines = rows.map((row) => row['QUERY PLAN'] as string)
      return lines.filter((line) => !line.includes('never executed')).join('\n')
    }
  },
)

function literal(value: unknown): string {
  return typeof value === 'number' ? String(value) : `'${value}'`
}
