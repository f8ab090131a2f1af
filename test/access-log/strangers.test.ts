import postgres from 'postgres'
import t from 'tap'
import { RecordLimit } from '../../operations/access-log/record-limit.ts'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

t.test('a flood without a credential is counted and throttled, and fills no log', async (t) => {
  const { app, call, databaseUrl, tenant } = await testApp(t, { AUTH_FAILURES_PER_MINUTE: '2' })
  const { auth } = await tenant()
  const statuses = new Map<number, number>()
  for (let count = 0; count < 100; count += 1) {
    const { status, headers } = await call('GET', `/no/such/path/${count}`, { address: '198.51.100.7' })
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status === 429) t.ok(Number(headers['retry-after']) > 0)
  }
  t.equal(statuses.get(404), 24)
  t.equal(statuses.get(429), 76)
  t.equal((await call('GET', '/no/such/path', { address: '198.51.100.8' })).status, 404, 'another address')
  const known = await call('GET', '/api/whoami', { headers: auth, address: '198.51.100.7' })
  t.equal(known.status, 200, 'a good credential from the same address')
  t.equal(app.strangers.unrecorded, 76)
  const sql = postgres(databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const recorded = () =>
    sql`select status, organization_id from access_logs where ip in ('198.51.100.7', '198.51.100.8')`
  await until(async () => (await recorded()).length >= 26, 'the records')
  t.equal((await recorded()).length, 26, '24 of the flood, one of the other address, one of the key')
})

t.test('an address of the same IPv6 /64 is the same client', async (t) => {
  const { call } = await testApp(t, { AUTH_FAILURES_PER_MINUTE: '1' })
  for (let count = 0; count < 12; count += 1) {
    t.equal((await call('GET', '/none', { address: `2001:db8:1:2::${count + 1}` })).status, 404)
  }
  t.equal((await call('GET', '/none', { address: '2001:db8:1:2:ffff::1' })).status, 429)
})

t.test('a minute later a network is heard again', async (t) => {
  const strangers = new RecordLimit(1)
  t.ok(strangers.count('a', 0))
  t.notOk(strangers.count('a', 59_999))
  t.equal(strangers.waitSeconds('a', 59_000), 1)
  t.equal(strangers.waitSeconds('a', 60_000), 0)
  t.ok(strangers.count('a', 60_000))
})

t.test('a flood with a revoked key fills no log, and each request is counted', async (t) => {
  const { app, call, databaseUrl, tenant } = await testApp(t, { AUTH_FAILURES_PER_MINUTE: '2' })
  const owner = await tenant()
  const headers = { authorization: `Bearer ${owner.accessToken}` }
  const made = await call('POST', '/api/keys', { headers, body: { name: 'Dead' } })
  await call('DELETE', `/api/keys/${made.body.id}`, { headers: owner.both })
  const dead = { authorization: `Bearer ${made.body.key}` }
  const flood = async (times: number, address: (index: number) => string) => {
    for (let index = 0; index < times; index += 1) {
      const { status } = await call('GET', '/api/whoami', { headers: dead, address: address(index) })
      if (status !== 401 && status !== 429) t.fail(`answered with ${status}`)
    }
    await app.accessLog.flush()
  }
  const key = async () => (await call('GET', `/api/keys/${made.body.id}`, { headers })).body
  const rows = async () => {
    const sql = postgres(databaseUrl, { max: 1 })
    const [row] = await sql`
      select count(*)::int as rows from sandbox.access_logs where key_id = ${made.body.id} and status in (401, 429)`
    await sql.end()
    return row?.rows
  }

  await flood(100, () => '198.51.100.7')
  t.equal(await rows(), 24, 'rows of one network')
  t.equal((await key()).failedAttempts, 100)
  await flood(300, (index) => `2001:db8:0:${index.toString(16)}::1`)
  t.equal(await rows(), 240, 'rows of all networks')
  t.equal((await key()).failedAttempts, 400)
  const { ofNetwork, ofOrganization } = app.refusals
  t.equal(ofNetwork.unrecorded + ofOrganization.unrecorded, 160)

  const good = await call('GET', '/api/whoami', { headers: owner.auth, address: '198.51.100.7' })
  t.equal(good.status, 200)
  await app.accessLog.flush()
  const listed = await call('GET', '/api/logs?path=/api/whoami&status=200', { headers: owner.auth })
  t.equal(listed.body.logs.length, 1, 'a good key of the same network is recorded')
})
