import postgres from 'postgres'
import t from 'tap'
import { testApp } from '../support/app.ts'

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
