import postgres from 'postgres'
import t from 'tap'
import { sha256 } from '../../credentials/secret.ts'
import { type Answer, testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

t.test('200 parallel refreshes of one token get the same successors', async (t) => {
  const { app, databaseUrl, call, tenant, listen } = await testApp(t)
  const { refreshToken, accessToken } = await tenant()
  const url = await listen()
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const response = await fetch(`${url}/api/auth/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refreshToken }),
      })
      t.equal(response.headers.get('cache-control'), 'no-store')
      return { status: response.status, body: (await response.json()) as Record<string, string> }
    }),
  )
  t.same([...new Set(answers.map(({ status }) => status))], [200])
  t.equal(new Set(answers.map(({ body }) => `${body.accessToken} ${body.refreshToken}`)).size, 1)
  const rows = await app.database`select kind, used_at is null as unused from tokens order by kind, unused`
  t.same(
    rows.map(({ kind, unused }) => `${kind} ${unused}`),
    ['access true', 'access true', 'refresh false', 'refresh true'],
    'the family has one head',
  )
  const next = answers[0]?.body as { accessToken: string; refreshToken: string }
  for (const token of [accessToken, next.accessToken]) {
    const me = await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${token}` } })
    t.equal(me.status, 200, 'the old access token keeps its own end')
  }
  t.equal(
    (await call('POST', '/api/auth/refresh', { body: { refreshToken: next.refreshToken } })).status,
    200,
  )

  const sql = postgres(databaseUrl, { max: 1 })
  t.teardown(() => sql.end())
  const all = await sql`select row_to_json(t)::text as text from sandbox.tokens t`
  for (const token of [next.accessToken, next.refreshToken, refreshToken]) {
    t.notOk(
      all.some(({ text }) => text.includes(token)),
      'nothing of a token is at rest',
    )
  }
})

t.test('a repeat after 30 s ends the family, at once in another replica too', async (t) => {
  const one = await testApp(t)
  const other = await testApp(t, {}, one)
  const { refreshToken } = await one.tenant()
  const next = await one.call('POST', '/api/auth/refresh', { body: { refreshToken } })
  const headers = { authorization: `Bearer ${next.body.accessToken}` }
  t.equal((await other.call('GET', '/api/whoami', { headers })).status, 200)
  await one.app.database`update tokens set used_at = now() - interval '31 seconds' where used_at is not null`

  const repeat = await one.call('POST', '/api/auth/refresh', { body: { refreshToken } })
  t.equal(repeat.status, 401)
  t.equal(repeat.body.error.message, 'Invalid refresh token')
  t.equal((await other.call('GET', '/api/whoami', { headers })).status, 401)
  const { refreshToken: successor } = next.body
  t.equal((await one.call('POST', '/api/auth/refresh', { body: { refreshToken: successor } })).status, 401)
})

t.test(
  'refresh in one replica, the repeat in another: the same successors, without a shared key',
  async (t) => {
    const one = await testApp(t)
    const other = await testApp(t, {}, one)
    const { refreshToken } = await one.tenant()
    const first = await one.call('POST', '/api/auth/refresh', { body: { refreshToken } })
    const second = await other.call('POST', '/api/auth/refresh', { body: { refreshToken } })
    t.equal(second.status, 200)
    t.equal(second.body.refreshToken, first.body.refreshToken)
    t.ok(second.body.expiresIn <= first.body.expiresIn)
  },
)

t.test('a session slides for 30 days, and ends after 90 whatever its use', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { refreshToken } = await tenant()
  const [ends] = await app.database`
    select extract(day from expires_at - created_at)::int as days from tokens where kind = 'refresh'`
  t.equal(ends?.days, 30)
  await app.database`update sessions set expires_at = now() + interval '5 minutes'`
  const late = await call('POST', '/api/auth/refresh', { body: { refreshToken } })
  t.equal(late.status, 200)
  const hashes = [late.body.accessToken, late.body.refreshToken].map(sha256)
  const within = await app.database`
    select tokens.expires_at <= sessions.expires_at as within from tokens join sessions on sessions.id = session_id
    where hash in ${app.database(hashes)}`
  t.same(within, [{ within: true }, { within: true }])
  await app.database`update tokens set expires_at = now() - interval '1 second' where used_at is null`
  const over = await call('POST', '/api/auth/refresh', { body: { refreshToken: late.body.refreshToken } })
  t.equal(over.status, 401)
})

t.test('what is no refresh token is refused', async (t) => {
  const { call, tenant } = await testApp(t)
  const { accessToken, refreshToken } = await tenant()
  for (const text of [accessToken, `${refreshToken.slice(0, -1)}!`, 'rt_', 'x']) {
    const answer = await call('POST', '/api/auth/refresh', { body: { refreshToken: text } })
    t.equal(answer.status, 401, text.slice(0, 3))
  }
  const asBearer = await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${refreshToken}` } })
  t.equal(asBearer.status, 401)
})

t.test(
  'a refresh while the session is being ended waits for it, and neither for the other for ever',
  async (t) => {
    const { call, databaseUrl, tenant } = await testApp(t)
    const { refreshToken, userId } = await tenant()
    const sql = postgres(databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
    t.teardown(() => sql.end())
    const waiting = async () =>
      (
        await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      ).length > 0

    let refreshed: Promise<Answer> | undefined
    await sql.begin(async (ending) => {
      await ending`select from users where id = ${userId} for no key update`
      await ending`update sessions set ended_at = now() where user_id = ${userId}`
      refreshed = call('POST', '/api/auth/refresh', { body: { refreshToken } })
      await until(waiting, 'the refresh waits')
      await ending`delete from tokens`
    })
    t.equal((await refreshed)?.status, 401)
  },
)

t.test('a token that is found twenty times at once by thieves ends its family once', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { refreshToken, accessToken } = await tenant()
  await call('POST', '/api/auth/refresh', { body: { refreshToken } })
  await app.database`update tokens set used_at = now() - interval '1 minute' where used_at is not null`
  const thefts = await Promise.all(
    Array.from({ length: 20 }, () => call('POST', '/api/auth/refresh', { body: { refreshToken } })),
  )
  t.same([...new Set(thefts.map(({ status }) => status))], [401])
  const headers = { authorization: `Bearer ${accessToken}` }
  t.equal((await call('GET', '/api/whoami', { headers })).status, 401)
})
