import t from 'tap'
import { silentScenes } from '../support/silent-database.ts'
import { until } from '../support/until.ts'

for (const [what, set] of silentScenes) {
  t.test(`while ${what} every request has an answer, and afterwards everything goes on`, async (t) => {
    const { server, silence, endSilence } = await set(t)
    const { call, app } = server
    const tenant = await server.tenant()
    const { key, auth } = tenant
    const other = await call('POST', '/api/keys', { headers: auth, body: { name: 'Another' } })
    const ask = () =>
      Promise.all([
        call('GET', '/readyz'),
        call('GET', '/api/campaigns', { headers: auth }),
        call('POST', '/api/campaigns', { headers: auth, body: { name: 'One' } }),
        call('POST', '/api/auth/login', { body: { email: tenant.email, password: tenant.password } }),
        call('GET', '/api/whoami', { headers: { authorization: `Bearer ${other.body.key}` } }),
      ])
    for (const { status } of await ask()) t.ok(status < 300)

    silence()
    // Those that come while nobody knows of it yet, and those that come later, many more than there are connections.
    const first = await ask()
    await until(
      async () => (await call('GET', '/api/whoami', { headers: auth })).status === 503,
      'the lease to end',
    )
    const later = (await Promise.all(Array.from({ length: 200 }, ask))).flat()
    for (const answer of [...first.slice(0, 4), ...later]) {
      if (answer.status !== 503) t.match(answer, { status: 503, headers: { 'retry-after': /^\d+$/ } })
    }
    t.equal((await call('GET', '/healthz')).status, 200, 'the process is up, and a restart would not help')

    endSilence()
    await until(
      async () => (await ask()).every(({ status }) => status < 300),
      'every kind of request to be served',
    )
    const flushed = () =>
      app.accessLog.flush().then(
        () => true,
        () => false,
      )
    await until(flushed, 'the access log to have the database again')
    const [row] = await app.database<{ refused: number }[]>`
      select count(*)::int as refused from access_logs where status = 503`
    t.ok(
      Number(row?.refused) >= 800,
      'every refusal is in the access log: the lock of the spool was taken over',
    )
    const { status } = await call('DELETE', `/api/keys/${tenant.keyId}`, { headers: tenant.both })
    t.equal(status, 200)
    t.equal((await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${key}` } })).status, 401)
  })
}
