import t from 'tap'
import { type Answer, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

const sameOrigin = { 'sec-fetch-site': 'same-origin' }

function cookiesOf(answer: Answer): string[] {
  const header = answer.headers['set-cookie']
  return header === undefined ? [] : Array.isArray(header) ? header : [String(header)]
}

function sessionCookie(answer: Answer): string {
  const line = cookiesOf(answer).find((text) => /^(__Host-)?anteroom=/.test(text)) ?? ''
  return line.slice(0, line.indexOf(';'))
}

const server = await testApp(t)

async function opened({ call, tenant }: TestApp) {
  const owner = await tenant()
  const { email, password } = owner
  const answer = await call('POST', '/dashboard/session', { headers: sameOrigin, body: { email, password } })
  return { ...owner, answer, cookie: sessionCookie(answer) }
}

t.test('the cookie opens what the role allows, and tells its own kind', async (t) => {
  const { call } = server
  const { answer, cookie, email } = await opened(server)
  t.equal(answer.status, 201)
  t.match(answer.body, { user: { email, role: 'owner' }, organization: { name: 'Tenant' } })
  t.notMatch(JSON.stringify(answer.body), /ds_|at_/)
  const headers = { cookie, ...sameOrigin }
  const me = await call('GET', '/api/whoami', { headers })
  t.equal(me.status, 200)
  t.match(me.body, { user: { email }, credential: { type: 'session', prefix: 'ds_' } })
  t.ok(me.headers['x-ratelimit-limit'], 'counted like every caller')
  const made = await call('POST', '/api/campaigns', {
    headers,
    body: { name: 'From the dashboard', questions: [{ prompt: 'Why?', kind: 'text' }] },
  })
  t.equal(made.status, 201)
  const listed = await call('GET', '/api/auth/sessions', { headers })
  t.match(listed.body.sessions, [
    { kind: 'dashboard', current: true },
    { kind: 'token', current: false },
  ])
})

t.test('what another site makes a browser send is refused', async (t) => {
  const { call } = server
  const { cookie, email, password } = await opened(server)
  const status = async (method: 'GET' | 'POST', headers: Record<string, string>) =>
    (
      await call(method, method === 'GET' ? '/api/keys' : '/api/keys', {
        headers: { cookie, ...headers },
        ...(method === 'POST' ? { body: { name: 'Key' } } : {}),
      })
    ).status
  const own = 'http://localhost:80'
  const cases = [
    ['POST', { 'sec-fetch-site': 'same-origin' }, 201],
    ['POST', { 'sec-fetch-site': 'cross-site' }, 403],
    ['POST', { 'sec-fetch-site': 'same-site' }, 403],
    ['POST', { 'sec-fetch-site': 'none' }, 403],
    ['POST', { 'sec-fetch-site': 'cross-site', origin: own, host: 'localhost:80' }, 403],
    ['POST', { origin: own, host: 'localhost:80' }, 201],
    ['POST', { origin: 'https://evil.example' }, 403],
    ['POST', { origin: 'null' }, 403],
    ['POST', {}, 403],
    ['GET', { 'sec-fetch-site': 'same-origin' }, 200],
    ['GET', { 'sec-fetch-site': 'none' }, 200],
    ['GET', { 'sec-fetch-site': 'cross-site' }, 403],
    ['GET', { 'sec-fetch-site': 'same-site' }, 403],
    ['GET', { origin: 'https://evil.example' }, 403],
    ['GET', {}, 200],
  ] as const
  for (const [method, headers, expected] of cases) {
    t.equal(await status(method, headers), expected, `${method} ${JSON.stringify(headers)}`)
  }
  const planted = await call('POST', '/dashboard/session', {
    headers: { 'sec-fetch-site': 'cross-site' },
    body: { email, password },
  })
  t.equal(planted.status, 403, 'nor may it log a browser in')
  t.same(cookiesOf(planted), [])
})

t.test('on plain-http loopback the cookie goes without Secure, everywhere else with', async (t) => {
  const local = await opened(server)
  t.match(
    cookiesOf(local.answer)[0],
    /^anteroom=ds_\w{50}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
  )
  for (const PUBLIC_URL of [
    'https://anteroom.example',
    'http://anteroom.example',
    'https://localhost:3000',
  ]) {
    const server = await testApp(t, { PUBLIC_URL })
    const { answer, cookie } = await opened(server)
    for (const line of cookiesOf(answer)) {
      t.match(line, /^__Host-anteroom(-device)?=\S+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    }
    const headers = { cookie, origin: new URL(PUBLIC_URL).origin }
    t.equal(
      (await server.call('POST', '/api/keys', { headers, body: { name: 'Key' } })).status,
      201,
      PUBLIC_URL,
    )
    const bare = { cookie: cookie.replace('__Host-', '') }
    t.equal((await server.call('GET', '/api/whoami', { headers: bare })).status, 401, 'a neighbour’s cookie')
  }
})

t.test('a header beside the cookie wins: the cookie is not looked at', async (t) => {
  const { call } = server
  const { cookie, auth, accessToken } = await opened(server)
  const crossSite = { 'sec-fetch-site': 'cross-site' }
  const byKey = await call('GET', '/api/whoami', { headers: { cookie, ...auth, ...crossSite } })
  t.equal(byKey.body.credential.type, 'api_key')
  const byToken = await call('GET', '/api/whoami', {
    headers: { cookie, authorization: `Bearer ${accessToken}` },
  })
  t.equal(byToken.body.credential.type, 'user')
  t.equal((await call('GET', '/api/whoami', { headers: { cookie, authorization: 'Bearer x' } })).status, 401)
  t.equal((await call('GET', '/api/whoami', { headers: { cookie, 'x-api-key': 'x' } })).status, 400)
})

t.test('neither is the other: a cookie is no bearer, a token is no cookie', async (t) => {
  const { call } = server
  const { cookie, accessToken } = await opened(server)
  const text = cookie.slice(cookie.indexOf('=') + 1)
  await call('GET', '/api/whoami', { headers: { cookie } })
  t.equal((await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${text}` } })).status, 401)
  await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${accessToken}` } })
  t.equal((await call('GET', '/api/whoami', { headers: { cookie: `anteroom=${accessToken}` } })).status, 401)
})

t.test('log-out ends the session in every replica and takes the cookie back', async (t) => {
  for (const [method, path] of [
    ['DELETE', '/dashboard/session'],
    ['POST', '/api/auth/logout'],
  ] as const) {
    const one = await testApp(t)
    const other = await testApp(t, {}, one)
    const { cookie } = await opened(one)
    const headers = { cookie, ...sameOrigin }
    t.equal((await other.call('GET', '/api/whoami', { headers })).status, 200)
    const out = await one.call(method, path, { headers })
    t.equal(out.status, 204, path)
    t.match(cookiesOf(out)[0], /^anteroom=; Max-Age=0; Path=\/; HttpOnly/)
    const after = await other.call('GET', '/api/whoami', { headers })
    t.equal(after.status, 401)
    t.match(cookiesOf(after)[0], /^anteroom=; Max-Age=0/)
  }
})

t.test('logging in anew ends the session that the browser had', async (t) => {
  const { cookie, email, password } = await opened(server)
  const again = await server.call('POST', '/dashboard/session', {
    headers: { cookie, ...sameOrigin },
    body: { email, password },
  })
  t.equal(again.status, 201)
  t.not(sessionCookie(again), cookie)
  t.equal((await server.call('GET', '/api/whoami', { headers: { cookie } })).status, 401)
})

t.test('the cookie lasts a day without use, slides with it, and ends after 30 days', async (t) => {
  const one = await testApp(t)
  const other = await testApp(t, {}, one)
  const { cookie } = await opened(one)
  const headers = { cookie, ...sameOrigin }
  const hours = async () => {
    const [row] = await one.app.database`
      select extract(epoch from expires_at - now())::float8 / 3600 as hours from tokens where kind = 'cookie'`
    return row?.hours
  }
  t.ok((await hours()) > 23.9 && (await hours()) <= 24)
  await one.app.database`update tokens set expires_at = now() + interval '1 minute' where kind = 'cookie'`
  t.equal((await other.call('GET', '/api/whoami', { headers })).status, 200)
  t.equal((await one.call('GET', '/api/whoami', { headers })).status, 200)
  await one.app.sessionUse.flush()
  t.ok((await hours()) > 23.9, 'use prolongs it')
  const { now } = Date
  const clock = t.intercept(Date, 'now', { value: () => now() + 61_000 })
  await until(() => other.app.changes.trusted(), 'a lease by that clock: only then it answers from memory')
  t.equal(
    (await other.call('GET', '/api/whoami', { headers })).status,
    200,
    'also where the old end is remembered',
  )
  clock.restore()

  await one.app.database`update sessions set expires_at = now() + interval '1 hour' where kind = 'dashboard'`
  one.app.verifier.clear()
  await one.call('GET', '/api/whoami', { headers })
  await one.app.sessionUse.flush()
  t.ok((await hours()) <= 1, 'but not beyond the session’s end')
  await one.app.database`update tokens set expires_at = now() - interval '1 second' where kind = 'cookie'`
  one.app.verifier.clear()
  t.equal((await one.call('GET', '/api/whoami', { headers })).status, 401)
})
