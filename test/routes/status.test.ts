import postgres from 'postgres'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

t.test('the status page is a page for people and JSON for programs', async (t) => {
  const { app, call } = await testApp(t)
  const json = await call('GET', '/status', { headers: { accept: 'application/json' } })
  t.equal(json.status, 200)
  t.match(json.body, { status: 'operational', environment: 'sandbox' })
  t.ok(json.body.components.some((part: { name: string }) => part.name === 'Database'))

  const page = await app.inject('/status')
  t.match(page.headers['content-type'], /text\/html/)
  t.match(page.headers['content-security-policy'], /style-src 'sha256-/)
  t.match(page.body, /All systems operational/)
})

t.test('a lost database shows on the status page, which still answers', async (t) => {
  const { call, databaseUrl } = await testApp(t)
  await closeDoors(databaseUrl)
  const { status, body } = await call('GET', '/status', { headers: { accept: 'application/json' } })
  t.equal(status, 200)
  t.equal(body.status, 'down')
})

t.test('metrics are served on a port of their own and nowhere else', async (t) => {
  const { app, call, listen } = await testApp(t, { METRICS_PORT: '0' })
  await listen()
  await call('GET', '/healthz')
  t.equal((await call('GET', '/metrics')).status, 404)
  const port = app.metricsPort?.()
  const scrape = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
    t.equal(answer.status, 200)
    return answer.text()
  }
  t.match(
    await scrape(),
    /anteroom_http_request_duration_seconds_count\{method="GET",route="\/healthz",status="200"\} 1/,
  )
  // Renewed every half second: a machine that is busy with something else may let it lapse.
  await until(async () => (await scrape()).includes('anteroom_lease_held 1'), 'a lease')
  t.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 404)
})

/** Lets nobody into the database any more and throws out who is in. */
async function closeDoors(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  const elsewhere = new URL(url)
  elsewhere.pathname = '/postgres'
  const admin = postgres(elsewhere.href, { max: 1 })
  await admin`alter database ${admin(name)} with allow_connections false`
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
  await admin.end()
}
