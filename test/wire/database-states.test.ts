import postgres from 'postgres'
import t, { type Test } from 'tap'
import { type Answer, type Tenant, type TestApp, testApp } from '../support/app.ts'
import { testServer } from '../support/postgres.ts'
import { until } from '../support/until.ts'

interface Scene {
  readonly server: TestApp
  readonly tenant: Tenant
  readonly admin: postgres.Sql
  readonly database: postgres.Helper<string>
  /** Ends every session of the server under test. */
  endSessions(): Promise<void>
}

async function scene(t: Test): Promise<Scene> {
  const server = await testApp(t)
  const tenant = await server.tenant()
  const { url } = await testServer()
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => admin.end())
  const name = new URL(server.databaseUrl).pathname.slice(1)
  const endSessions = async () => {
    await admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = ${name}`
  }
  return { server, tenant, admin, database: admin(name) as postgres.Helper<string>, endSessions }
}

function create({ server, tenant }: Scene): Promise<Answer> {
  return server.call('POST', '/api/campaigns', { headers: tenant.auth, body: { name: 'One' } })
}

function list({ server, tenant }: Scene): Promise<Answer> {
  return server.call('GET', '/api/campaigns', { headers: tenant.auth })
}

function isUnavailable(t: Test, answer: Answer, what: string): void {
  t.match(
    answer,
    {
      status: 503,
      headers: { 'retry-after': /^\d+$/ },
      body: { error: { code: 'UNAVAILABLE', reason: 'database_unavailable' } },
    },
    what,
  )
}

t.test('a database that has no connections left', async (t) => {
  const place = await scene(t)
  await place.admin`alter database ${place.database} connection limit 0`
  await place.endSessions()
  await until(async () => (await create(place)).status !== 201, 'the first refusal')
  isUnavailable(t, await create(place), 'a write')
  isUnavailable(t, await list(place), 'a read')
  await place.admin`alter database ${place.database} connection limit -1`
  await until(async () => (await create(place)).status === 201, 'the database to take connections again')
  t.equal((await list(place)).status, 200)
})

t.test('a database that takes no writes, and then takes them again', async (t) => {
  const place = await scene(t)
  await place.admin`alter database ${place.database} set default_transaction_read_only = on`
  await place.endSessions()
  await until(async () => (await list(place)).status === 200, 'reads to be answered')
  isUnavailable(t, await create(place), 'a write')
  t.equal((await list(place)).status, 200, 'reads go on')
  // The sessions that are open keep what they were told at their start.
  await place.admin`alter database ${place.database} reset default_transaction_read_only`
  await until(async () => (await create(place)).status === 201, 'writes to be taken')
})

t.test('an administrator who ends sessions while requests are under way', async (t) => {
  const place = await scene(t)
  let ended = false
  const answers: Answer[] = []
  const clients = Array.from({ length: 8 }, async () => {
    while (!ended) answers.push(await create(place))
  })
  for (let round = 0; round < 10; round += 1) {
    const before = answers.length
    await place.endSessions()
    await until(() => answers.length > before + 20, 'answers')
  }
  ended = true
  await Promise.all(clients)
  const statuses = new Set(answers.map(({ status }) => status))
  t.ok(statuses.has(201))
  t.same(
    [...statuses].filter((status) => status !== 201 && status !== 503),
    [],
  )
  const sql = postgres(place.server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const [rows] = await sql<{ campaigns: number; told: number }[]>`
    select (select count(*)::int from campaigns) as campaigns,
      (select count(*)::int from events where type = 'campaign.created') as told`
  const acknowledged = answers.filter(({ status }) => status === 201)
  const kept = await sql<{ id: string }[]>`select id from campaigns`
  const ids = new Set(kept.map(({ id }) => id))
  t.same(
    acknowledged.filter(({ body }) => !ids.has(body.id)),
    [],
    'what was acknowledged is there',
  )
  t.equal(rows?.told, rows?.campaigns, 'nothing is half done: each campaign has its event')
})
