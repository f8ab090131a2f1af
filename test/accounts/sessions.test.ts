import postgres from 'postgres'
import t from 'tap'
import type { Queryable } from '../../db/connect.ts'
import { noteAuthentication, touchSessions } from '../../db/queries/session-uses.ts'
import { deviceName } from '../../operations/sessions/device-name.ts'
import { type Body, type TestApp, testApp } from '../support/app.ts'
import { mostTries } from '../support/guesses.ts'
import { usedHoursAgo } from '../support/sessions.ts'
import { until } from '../support/until.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

async function logIn(call: TestApp['call'], email: string, password: string, agent = firefox): Promise<Body> {
  const answer = await call('POST', '/api/auth/login', {
    body: { email, password },
    headers: { 'user-agent': agent },
  })
  if (answer.status !== 200) throw new Error(`log-in answered ${answer.status}`)
  return answer.body
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

t.test('a user sees where they are logged in, and ends one of it in every replica', async (t) => {
  const one = await testApp(t)
  const other = await testApp(t, {}, one)
  const { email, password, accessToken } = await one.tenant()
  const second = await logIn(one.call, email, password)
  t.equal((await other.call('GET', '/api/whoami', { headers: bearer(second.accessToken) })).status, 200)

  const listed = await one.call('GET', '/api/auth/sessions', { headers: bearer(accessToken) })
  t.equal(listed.status, 200)
  t.equal(listed.body.sessions.length, 2)
  t.match(listed.body.sessions, [
    {
      device: 'Firefox on Linux',
      ip: '127.0.0.1',
      kind: 'token',
      current: false,
      organization: { name: 'Tenant' },
    },
    { current: true },
  ])
  t.notMatch(JSON.stringify(listed.body), /at_|rt_/)
  const page = await one.call('GET', '/api/auth/sessions?limit=1', { headers: bearer(accessToken) })
  t.equal(page.body.sessions.length, 1)
  t.ok(page.body.nextCursor)

  const [{ id }] = listed.body.sessions
  const ended = await one.call('DELETE', `/api/auth/sessions/${id}`, { headers: bearer(accessToken) })
  t.equal(ended.status, 204)
  t.equal((await other.call('GET', '/api/whoami', { headers: bearer(second.accessToken) })).status, 401)
  const refresh = { body: { refreshToken: second.refreshToken } }
  t.equal((await other.call('POST', '/api/auth/refresh', refresh)).status, 401)
  const again = await one.call('DELETE', `/api/auth/sessions/${id}`, { headers: bearer(accessToken) })
  t.equal(again.status, 404)
})

t.test('another user’s session is not found', async (t) => {
  const { call, tenant } = await testApp(t)
  const ada = await tenant()
  const bob = await tenant()
  const listed = await call('GET', '/api/auth/sessions', { headers: bearer(bob.accessToken) })
  const [{ id }] = listed.body.sessions
  t.equal(
    (await call('DELETE', `/api/auth/sessions/${id}`, { headers: bearer(ada.accessToken) })).status,
    404,
  )
  t.equal((await call('GET', '/api/whoami', { headers: bearer(bob.accessToken) })).status, 200)
  t.equal((await call('GET', '/api/auth/sessions', { headers: ada.auth })).status, 403, 'a key is nobody')
})

t.test('log-out ends the access token at once, in every replica', async (t) => {
  const one = await testApp(t)
  const other = await testApp(t, {}, one)
  const { accessToken, refreshToken, both } = await one.tenant()
  t.equal((await other.call('GET', '/api/whoami', { headers: bearer(accessToken) })).status, 200)
  t.equal((await other.call('GET', '/api/campaigns', { headers: both })).status, 200)
  t.equal((await one.call('POST', '/api/auth/logout', { headers: bearer(accessToken) })).status, 204)
  for (const { call } of [one, other]) {
    t.equal((await call('GET', '/api/whoami', { headers: bearer(accessToken) })).status, 401)
    t.equal((await call('GET', '/api/campaigns', { headers: both })).status, 401)
    t.equal((await call('POST', '/api/auth/refresh', { body: { refreshToken } })).status, 401)
  }
})

t.test('a changed password, and the wish, end all other sessions', async (t) => {
  const { call, tenant } = await testApp(t)
  const { email, password, accessToken } = await tenant()
  const others = [await logIn(call, email, password), await logIn(call, email, password)]
  const status = async (token: string) =>
    (await call('GET', '/api/whoami', { headers: bearer(token) })).status
  const body = { currentPassword: password, newPassword: 'an even longer password' }
  const changed = await call('POST', '/api/auth/password/change', { headers: bearer(accessToken), body })
  t.equal(changed.status, 204)
  for (const { accessToken: token } of others) t.equal(await status(token), 401)
  t.equal(await status(accessToken), 200, 'the one that changed it stays')

  const third = await logIn(call, email, body.newPassword)
  t.equal((await call('DELETE', '/api/auth/sessions', { headers: bearer(accessToken) })).status, 204)
  t.equal(await status(third.accessToken), 401)
  t.equal(await status(accessToken), 200)
})

t.test('of 200 changes of the password at once one wins', async (t) => {
  const { call, tenant } = await testApp(t)
  const { email, password, accessToken } = await tenant()
  const change = (index: number) =>
    call('POST', '/api/auth/password/change', {
      headers: bearer(accessToken),
      body: { currentPassword: password, newPassword: `the password number ${index}` },
    })
  const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => change(index)))
  t.equal(answers.filter(({ status }) => status === 204).length, 1)
  const winner = answers.findIndex(({ status }) => status === 204)
  const login = { body: { email, password: `the password number ${winner}` } }
  t.equal((await call('POST', '/api/auth/login', login)).status, 200)
})

t.test('a log-in that a password change overtakes opens no session', async (t) => {
  const { app, call, tenant, databaseUrl } = await testApp(t)
  const { email, password, userId } = await tenant()
  const superuser = postgres(databaseUrl, { max: 1 })
  t.teardown(() => superuser.end())
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  // The change holds the user's row, uncommitted, while the log-in has verified the old password already.
  let changing: Promise<unknown> = Promise.resolve()
  await new Promise<void>((started) => {
    changing = app.database.begin(async (tx) => {
      await tx`update users set password_hash = 'gone' where id = ${userId}`
      started()
      await held
    })
  })
  const login = call('POST', '/api/auth/login', { body: { email, password } })
  const waiting = () => superuser`
    select from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%'
      and datname = current_database()`
  await until(async () => (await waiting()).length === 1, 'the log-in to wait for the change')
  release()
  await changing
  t.equal((await login).status, 401)
})

t.test('ending another session wants a recent log-in, or the password', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { email, password, accessToken } = await tenant()
  await logIn(call, email, password)
  await usedHoursAgo(app.database, 1)
  const end = (body?: object) =>
    call('DELETE', '/api/auth/sessions', { headers: bearer(accessToken), ...(body ? { body } : {}) })
  const refused = await end()
  t.equal(refused.status, 403)
  t.match(refused.body.error, { message: 'Confirm who you are', details: [{ path: 'body.password' }] })
  t.equal((await end({ password: 'not mine' })).status, 401)
  t.equal((await end({ password })).status, 204)
  t.equal((await end()).status, 204, 'and that lasts a while')
})

t.test('guessing the password in a stolen session is throttled, and the owner is not', async (t) => {
  const { call, tenant } = await testApp(t)
  const { email, password, accessToken } = await tenant()
  const began = performance.now()
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      call('POST', '/api/auth/password/change', {
        headers: bearer(accessToken),
        body: { currentPassword: `guess ${index}`, newPassword: 'a good new password' },
      }),
    ),
  )
  const most = mostTries(5, (performance.now() - began) / 1000)
  const tried = answers.filter(({ status }) => status === 401).length
  t.ok(tried <= most, `${tried} of 200 were tried, ${most} at most`)
  t.equal((await call('POST', '/api/auth/login', { body: { email, password } })).status, 200)
})

t.test('when a session was last used is written, not at each request', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { accessToken } = await tenant()
  await app.sessionUse.flush()
  await usedHoursAgo(app.database, 1)
  const fresh = async () => {
    await app.sessionUse.flush()
    const [row] =
      await app.database`select last_used_at > now() - interval '1 minute' as fresh from session_uses`
    return row?.fresh
  }
  for (let count = 0; count < 20; count++) await call('GET', '/api/whoami', { headers: bearer(accessToken) })
  t.equal(await fresh(), false, 'within a minute of the last note nothing is written')
  app.verifier.clear()
  await call('GET', '/api/whoami', { headers: bearer(accessToken) })
  t.equal(await fresh(), true)
})

// Who closes the process waits for the last write: a second call found nothing to write, and did not wait for the first.
t.test('a note that another call is about to write is waited for', async (t) => {
  const { app, call, tenant, logins } = await testApp(t)
  const { accessToken } = await tenant()
  app.verifier.clear()
  const inTheWay = postgres(logins.system, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => inTheWay.end())
  let written = false
  let second: Promise<void> = Promise.resolve()
  await inTheWay.begin(async (tx) => {
    await tx`lock table session_uses in share mode`
    await call('GET', '/api/whoami', { headers: bearer(accessToken) })
    void app.sessionUse.flush()
    second = app.sessionUse.flush().then(() => {
      written = true
    })
    await tx`select 1`
    t.equal(written, false, 'the table is held')
  })
  await second
  t.equal(written, true)
})

// A write locks its session's row in share mode, so that a revocation waits for it. A use that is noted must not wait too.
t.test('noting a use and locking the session never wait for each other', async (t) => {
  const { app, tenant, logins } = await testApp(t)
  const { organizationId, userId } = await tenant()
  const another = postgres(logins.system, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => another.end())
  const [session] = await app.database<{ id: string }[]>`select id from sessions`
  const sessionId = session?.id as string
  const note = async (tx: Queryable) => {
    await tx`select set_config('lock_timeout', '2s', true)`
    await touchSessions(tx, [{ organizationId, sessionId }], 60)
    await noteAuthentication(tx, userId, sessionId)
  }
  await another.begin(async (writer) => {
    await writer`select from sessions for share`
    await app.database.begin(note)
  })
  await another.begin(async (noting) => {
    await note(noting)
    const locked = await app.database`select from sessions where id = ${sessionId} for share nowait`
    t.equal(locked.length, 1)
  })
})

t.test('devices are named as people name them', (t) => {
  t.equal(deviceName(firefox), 'Firefox on Linux')
  t.equal(
    deviceName(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    ),
    'Safari on iPhone',
  )
  t.equal(
    deviceName(
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0',
    ),
    'Edge on Windows',
  )
  t.equal(deviceName('curl/8.5.0'), 'curl')
  t.equal(deviceName(null), 'Unknown device')
  t.end()
})
