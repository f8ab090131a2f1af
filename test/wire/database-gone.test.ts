import postgres from 'postgres'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { testServer } from '../support/postgres.ts'

t.test('while the database is out of reach requests get 503, and go on once it is back', async (t) => {
  const server = await testApp(t)
  const tenant = await server.tenant()
  const { call } = server
  const { url } = await testServer()
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  const name = new URL(server.databaseUrl).pathname.slice(1)
  t.teardown(() => admin.end())
  const ask = () => [
    call('GET', '/readyz'),
    call('GET', '/api/campaigns', { headers: tenant.auth }),
    call('POST', '/api/campaigns', { headers: tenant.auth, body: { name: 'Lost' } }),
  ]
  for (const { status } of await Promise.all(ask())) t.ok(status < 300)

  await admin`alter database ${admin(name)} with allow_connections false`
  await admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = ${name}`
  const refused = await Promise.all(ask())
  for (const answer of refused) {
    t.match(answer, { status: 503, headers: { 'retry-after': /^\d+$/ } })
    t.match(answer.body.error, { code: 'UNAVAILABLE', requestId: answer.headers['x-request-id'] })
    t.notMatch(JSON.stringify(answer.body), /select|127\.0\.0\.1|test_|postgres/i, 'nothing internal is told')
  }
  t.equal((await call('GET', '/healthz')).status, 200, 'the process is up all the same')

  await admin`alter database ${admin(name)} with allow_connections true`
  for (;;) {
    const answers = await Promise.all(ask())
    if (answers.every(({ status }) => status < 300)) break
    t.same(new Set(answers.map(({ status }) => status).filter((status) => status >= 300)), new Set([503]))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const list = await call('GET', '/api/campaigns', { headers: tenant.auth })
  t.equal(list.status, 200)
})
