import t from 'tap'
import { testApp } from '../support/app.ts'
import { startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

t.test('a server that is short of memory refuses requests, and says that it lives', async (t) => {
  const { logins, tenant } = await testApp(t)
  const { auth } = await tenant()
  const server = await startServer(t, {
    DATABASE_URL: logins.owner,
    DATA_DIR: t.testdir(),
    LOG_LEVEL: 'error',
    // More than a tenth of that is in use at all times.
    NODE_OPTIONS: '--max-old-space-size=192',
    MEMORY_LIMIT_PERCENT: '10',
  })
  const ask = (path: string) => fetch(server.url + path, { headers: auth })
  await until(async () => (await ask('/api/whoami')).status === 503, 'the memory to be looked at')
  const refused = await ask('/api/campaigns')
  t.equal(refused.status, 503)
  t.match(refused.headers.get('retry-after'), /^\d+$/)
  t.match(await refused.json(), { error: { code: 'UNAVAILABLE', reason: 'overloaded' } })
  t.equal((await ask('/readyz')).status, 503, 'a proxy is to ask another server')
  t.equal((await ask('/healthz')).status, 200, 'a restart would not help')
  t.match(server.output(), /short of memory/)
})

t.test('by default no request is refused', async (t) => {
  const { call } = await testApp(t)
  t.equal((await call('GET', '/readyz')).status, 200)
})
