import t, { type Test } from 'tap'
import { type Body, type Tenant, type TestApp, testApp } from '../support/app.ts'
import { mostTries } from '../support/guesses.ts'
import { usedHoursAgo } from '../support/sessions.ts'
import { codeOf, rightCodes, wrongCode } from '../support/totp.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

interface Enrolled extends Tenant {
  secret: string
  recoveryCodes: string[]
}

/** A tenant whose owner has a second factor; the step of its first code is set free again. */
async function enrolled({ app, call, tenant }: TestApp): Promise<Enrolled> {
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const begun = await call('POST', '/api/auth/totp', { headers })
  const code = await codeOf(begun.body.secret)
  const confirmed = await call('POST', '/api/auth/totp/confirm', { headers, body: { code } })
  if (confirmed.status !== 200) throw new Error(`confirm answered ${confirmed.status}`)
  await app.database`update totp set last_step = 0 where user_id = ${owner.userId}`
  return { ...owner, secret: begun.body.secret, recoveryCodes: confirmed.body.recoveryCodes }
}

/** Has the clock stand still in the middle of a step, which else might end between two lines of a test. */
function stopClock(t: Test): void {
  const middle = (Math.floor(Date.now() / 30_000) + 0.5) * 30_000
  t.intercept(Date, 'now', { value: () => middle })
}

function logIn(call: TestApp['call'], { email, password }: Tenant, totp?: string) {
  return call('POST', '/api/auth/login', { body: { email, password, ...(totp ? { totp } : {}) } })
}

t.test('setting a second factor up', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const other = await logIn(call, owner)
  t.equal((await call('POST', '/api/auth/totp/confirm', { headers, body: { code: '123456' } })).status, 409)

  const begun = await call('POST', '/api/auth/totp', { headers })
  t.equal(begun.status, 201)
  t.equal(begun.headers['cache-control'], 'no-store')
  t.match(begun.body.secret, /^[A-Z2-7]{32}$/)
  const url = new URL(begun.body.otpauthUrl)
  t.equal(url.protocol, 'otpauth:')
  t.equal(url.searchParams.get('secret'), begun.body.secret)
  t.match(decodeURIComponent(url.pathname), owner.email)
  t.equal((await logIn(call, owner)).status, 200, 'not asked for before it is confirmed')

  const wrong = { code: await wrongCode(begun.body.secret) }
  t.equal((await call('POST', '/api/auth/totp/confirm', { headers, body: wrong })).status, 400)
  const code = await codeOf(begun.body.secret)
  const confirmed = await call('POST', '/api/auth/totp/confirm', { headers, body: { code } })
  t.equal(confirmed.status, 200)
  t.equal(new Set(confirmed.body.recoveryCodes).size, 10)
  for (const text of confirmed.body.recoveryCodes)
    t.match(text, /^([0-9a-hjkmnp-tv-z]{6}-){3}[0-9a-hjkmnp-tv-z]{6}$/)
  t.equal((await call('POST', '/api/auth/totp', { headers })).status, 409)
  t.equal((await call('GET', '/api/whoami', { headers })).status, 200)
  const elsewhere = await call('GET', '/api/whoami', { headers: bearer(other.body.accessToken) })
  t.equal(elsewhere.status, 401, 'sessions without the second factor end')

  const rest = await app.database`select row_to_json(totp)::text as text from totp
    union all select row_to_json(recovery_codes)::text from recovery_codes`
  t.notOk(rest.some(({ text }) => text.includes(begun.body.secret)))
  t.notOk(rest.some(({ text }) => confirmed.body.recoveryCodes.some((code: string) => text.includes(code))))
  const [{ secret } = { secret: Buffer.alloc(0) }] = await app.database`select secret from totp`
  t.notOk(secret.includes(Buffer.from(begun.body.secret)))
})

t.test('a log-in asks for the second factor, and takes each code once', async (t) => {
  const server = await testApp(t, { AUTH_FAILURES_PER_MINUTE: '3' })
  const { app, call } = server
  const owner = await enrolled(server)
  for (let count = 0; count < 5; count++) {
    const asked = await logIn(call, owner)
    t.equal(asked.status, 401)
    t.match(asked.body.error, { code: 'UNAUTHORIZED', message: 'Second factor required', hint: /totp/ })
  }
  const wrongPassword = await logIn(call, { ...owner, password: 'not this one' }, '123456')
  t.equal(wrongPassword.body.error.message, 'Invalid e-mail or password', 'says nothing of the second factor')

  const code = await codeOf(owner.secret)
  t.equal((await logIn(call, owner, code)).status, 200)
  const replayed = await logIn(call, owner, code)
  t.equal(replayed.status, 401)
  t.equal(replayed.body.error.message, 'Invalid second factor')
  const [row] = await app.database`select failures from login_brakes`
  t.notOk(row?.failures > 1, 'a replay is no guess')
})

t.test('codes of one step to either side are taken, older and newer ones are not', async (t) => {
  const server = await testApp(t)
  const { app, call } = server
  const owner = await enrolled(server)
  stopClock(t)
  for (const [steps, status] of [
    [-3, 401],
    [3, 401],
    [-1, 200],
    [0, 200],
    [1, 200],
    [0, 401],
  ] as const) {
    const answer = await logIn(call, owner, await codeOf(owner.secret, steps))
    t.equal(answer.status, status, `${steps} steps from now`)
  }
  t.equal((await app.database`select from totp where last_step > 0`).length, 1)
})

t.test('200 log-ins at once with one code: exactly one gets in', async (t) => {
  const server = await testApp(t)
  const owner = await enrolled(server)
  stopClock(t)
  const code = await codeOf(owner.secret)
  const answers = await Promise.all(Array.from({ length: 200 }, () => logIn(server.call, owner, code)))
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
  t.equal(answers.filter(({ status }) => status === 401).length, 199)
})

t.test('200 log-ins at once with one recovery code: exactly one gets in', async (t) => {
  const server = await testApp(t)
  const owner = await enrolled(server)
  const url = await server.listen()
  const [recoveryCode = '', second = ''] = owner.recoveryCodes
  const attempt = async () => {
    const response = await fetch(`${url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: owner.email, password: owner.password, totp: recoveryCode }),
    })
    return { status: response.status, body: (await response.json()) as Body }
  }
  const answers = await Promise.all(Array.from({ length: 200 }, attempt))
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
  t.equal(answers.filter(({ status }) => status === 401).length, 199)
  const [left] = await server.app
    .database`select count(*)::int as count from recovery_codes where used_at is null`
  t.equal(left?.count, 9)
  const written = second.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'I')
  t.equal((await logIn(server.call, owner, written)).status, 200, 'as one writes it down')
})

t.test('of 200 guessed codes few are tried; a recovery code still gets in', async (t) => {
  const server = await testApp(t)
  const owner = await enrolled(server)
  const right = await rightCodes(owner.secret)
  const guesses = Array.from({ length: 210 }, (_, index) => String(100_000 + index))
    .filter((code) => !right.has(code))
    .slice(0, 200)
  const began = performance.now()
  const answers = await Promise.all(guesses.map((code) => logIn(server.call, owner, code)))
  const most = mostTries(5, (performance.now() - began) / 1000)
  const tried = answers.filter(({ status }) => status === 401).length
  t.ok(tried >= 5 && tried <= most, `${tried} of 200 were tried, ${most} at most`)
  t.ok(answers.every(({ status, headers }) => status === 401 || Number(headers['retry-after']) >= 1))

  // So many failures that the wait outlasts a slow machine's way to the next line.
  await server.app.database`update login_brakes set failures = 20, not_before = now() - interval '1 second'`
  t.equal((await logIn(server.call, owner, await wrongCode(owner.secret))).status, 401)
  t.equal((await logIn(server.call, owner, await codeOf(owner.secret))).status, 429)
  t.equal((await logIn(server.call, owner, owner.recoveryCodes[3])).status, 200)
})

t.test('taking it away wants the password or a code, and both later', async (t) => {
  const server = await testApp(t)
  const { app, call } = server
  const owner = await enrolled(server)
  const remove = (body?: object) =>
    call('DELETE', '/api/auth/totp', { headers: bearer(owner.accessToken), ...(body ? { body } : {}) })
  t.equal((await remove()).status, 403)
  t.equal((await remove({ password: 'not this one' })).status, 401)
  t.equal((await remove({ code: `${owner.recoveryCodes[9]}0` })).status, 401)
  await usedHoursAgo(app.database, 1)
  t.equal((await remove({ password: owner.password })).status, 403)
  t.equal((await remove({ password: owner.password, code: owner.recoveryCodes[0] })).status, 204)
  t.equal((await remove({ password: owner.password })).status, 404)
  t.equal((await logIn(call, owner)).status, 200)
  t.equal((await app.database`select from recovery_codes`).length, 0)
})

t.test(
  'an organization that requires a second factor: a member without one may only set it up',
  async (t) => {
    const server = await testApp(t)
    const { app, call, tenant } = server
    const owner = await tenant()
    await app.database`update organizations set require_totp = true where id = ${owner.organizationId}`
    await app.changes.settle([`organization:${owner.organizationId}`])
    const login = await logIn(call, owner)
    t.equal(login.status, 200)
    const headers = bearer(login.body.accessToken)
    for (const [caller, path] of [
      [headers, '/api/keys'],
      [owner.both, '/api/campaigns'],
      [headers, '/api/auth/sessions'],
    ] as const) {
      const refused = await call('GET', path, { headers: caller })
      t.equal(refused.status, 403, path)
      t.match(refused.body.error, { message: /Tenant requires a second factor/, hint: /\/api\/auth\/totp/ })
    }
    t.equal((await call('GET', '/api/campaigns', { headers: owner.auth })).status, 200, 'a key is no member')
    t.equal((await call('GET', '/api/whoami', { headers })).status, 200)

    const begun = await call('POST', '/api/auth/totp', { headers })
    const code = await codeOf(begun.body.secret)
    t.equal((await call('POST', '/api/auth/totp/confirm', { headers, body: { code } })).status, 200)
    t.equal((await call('GET', '/api/keys', { headers })).status, 200)
    const kept = await call('DELETE', '/api/auth/totp', { headers, body: { password: owner.password } })
    t.equal(kept.status, 409)
    t.match(kept.body.error.message, /Tenant requires/)
  },
)
