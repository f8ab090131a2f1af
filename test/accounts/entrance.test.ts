import t from 'tap'
import { type Answer, type TestApp, testApp } from '../support/app.ts'
import { mailingApp, someEmail } from '../support/people.ts'
import { codeOf } from '../support/totp.ts'

const sameOrigin = { 'sec-fetch-site': 'same-origin' }

function sessionCookie({ headers }: Answer): string {
  const lines = [headers['set-cookie'] ?? []].flat().map(String)
  const line = lines.find((text) => /^(__Host-)?anteroom=/.test(text)) ?? ''
  return line.slice(0, line.indexOf(';'))
}

async function whoIsIn({ call }: Pick<TestApp, 'call'>, answer: Answer) {
  return call('GET', '/api/whoami', { headers: { cookie: sessionCookie(answer), ...sameOrigin } })
}

const signup = (email: string) => ({
  email,
  password: 'a sentence to remember',
  name: 'New',
  organizationName: 'New',
})

// The account was created by one request, and the cookie asked for by another, which the throttle refused.
t.test('a sign-up from an address that failed too often opens the dashboard in the same step', async (t) => {
  const server = await testApp(t, { AUTH_FAILURES_PER_MINUTE: '2' })
  const { call, app } = server
  for (let index = 0; index < 2; index += 1) {
    await call('POST', '/dashboard/session', { body: { email: someEmail(), password: 'a guess' } })
  }
  const email = someEmail()
  const logIn = await call('POST', '/dashboard/session', { body: { email, password: 'a guess' } })
  t.equal(logIn.status, 429, 'the address is throttled')
  const entered = await call('POST', '/dashboard/session/signup', {
    headers: sameOrigin,
    body: signup(email),
  })
  t.match(entered, { status: 201, body: { user: { email, role: 'owner' }, organization: { name: 'New' } } })
  t.notMatch(JSON.stringify(entered.body), /at_|rt_|ds_/)
  t.match((await whoIsIn(server, entered)).body, { user: { email }, credential: { type: 'session' } })
  t.equal((await app.database`select from sessions`).length, 1, 'one session, and no other to end')
})

t.test('a sign-up that is throttled itself creates nothing, and says how long to wait', async (t) => {
  const { call, app } = await testApp(t, { SIGNUPS_PER_HOUR: '1' })
  for (const path of ['/dashboard/session/signup', '/api/auth/signup']) {
    await call('POST', path, { headers: sameOrigin, body: signup(someEmail()) })
  }
  const email = someEmail()
  for (const path of ['/dashboard/session/signup', '/api/auth/signup']) {
    const refused = await call('POST', path, { headers: sameOrigin, body: signup(email) })
    t.match(refused, { status: 429, body: { error: { reason: 'too_many_signups' } } })
    const wait = Number(refused.headers['retry-after'])
    t.ok(wait > 0 && wait <= 3600, `${wait} s`)
  }
  t.equal((await app.database`select from users where email = ${email}`).length, 0)
})

t.test('another site signs nobody up', async (t) => {
  const { call, app } = await testApp(t)
  const strange = { 'sec-fetch-site': 'cross-site' }
  for (const [path, body] of [
    ['/dashboard/session/signup', signup(someEmail())],
    ['/dashboard/session/accept', { token: 'mt_x', password: 'a sentence to remember' }],
  ] as const) {
    t.match(await call('POST', path, { headers: strange, body }), {
      status: 403,
      body: { error: { reason: 'cross_site' } },
    })
  }
  t.equal((await app.database`select from users`).length, 0)
})

// A code of the second factor can be used once: the invitation took it, and the log-in after that was refused.
t.test(
  'an invitation is accepted, and the dashboard opened, with one code of the second factor',
  async (t) => {
    const server = await mailingApp(t)
    const { call, tenant, invited } = server
    const owner = await tenant()
    const guest = await tenant()
    const headers = { authorization: `Bearer ${guest.accessToken}` }
    const { body: begun } = await call('POST', '/api/auth/totp', { headers })
    await call('POST', '/api/auth/totp/confirm', { headers, body: { code: await codeOf(begun.secret) } })
    const { token } = await invited(owner, 'member', guest.email)
    const accept = (more: object) =>
      call('POST', '/dashboard/session/accept', {
        headers: sameOrigin,
        body: { token, password: guest.password, ...more },
      })
    t.match(await accept({}), { status: 401, body: { error: { reason: 'second_factor_required' } } })
    const entered = await accept({ totp: await codeOf(begun.secret, 1) })
    t.match(entered, { status: 201, body: { organization: { id: owner.organizationId } } })
    t.match((await whoIsIn(server, entered)).body, {
      user: { email: guest.email, role: 'member' },
      organization: { id: owner.organizationId },
    })
  },
)
