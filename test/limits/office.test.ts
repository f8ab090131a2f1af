import t from 'tap'
import { type Answer, testApp } from '../support/app.ts'
import { bearer, mailingApp } from '../support/people.ts'

// Everyone of an office comes from one address. What one program does wrong there must not lock the others out.

const ALLOWANCE = 5
const RETRIES = 1000
const variables = { AUTH_FAILURES_PER_MINUTE: String(ALLOWANCE) }

/** The statuses of many tries, one after the other. */
async function statuses(times: number, present: (index: number) => Promise<Answer>): Promise<number[]> {
  const seen: number[] = []
  for (let index = 0; index < times; index += 1) seen.push((await present(index)).status)
  return seen
}

t.test('a program that retries a dead key locks nobody out', async (t) => {
  const { call, tenant, invited, listen } = await mailingApp(t, variables)
  const base = await listen()
  const owner = await tenant()
  const other = await tenant()
  const { token } = await invited(owner, 'member', 'new@people.example')
  const campaign = await call('POST', '/api/campaigns', { headers: owner.auth, body: { name: 'One' } })
  const candidate = { email: 'cara@people.example', name: 'Cara' }
  const invite = await call('POST', `/api/campaigns/${campaign.body.id}/invites`, {
    headers: owner.auth,
    body: { candidate },
  })
  t.equal((await call('DELETE', `/api/keys/${other.keyId}`, { headers: other.both })).status, 200)

  // Over real connections, from the address that all calls below come from.
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`${base}/api/whoami`, { headers })
    await response.arrayBuffer()
    return response
  }
  const refused: number[] = []
  for (let count = 0; count < RETRIES; count += 1) refused.push((await ask(other.auth)).status)
  t.same(refused, [...Array(ALLOWANCE).fill(401), ...Array(RETRIES - ALLOWANCE).fill(429)])
  t.match((await ask(other.auth)).headers.get('retry-after'), /^\d+$/)

  t.equal((await ask(owner.auth)).status, 200, 'a good key')
  const { email, password, refreshToken } = owner
  const login = await call('POST', '/api/auth/login', { body: { email, password } })
  t.equal(login.status, 200, 'a log-in')
  t.equal((await call('POST', '/api/auth/refresh', { body: { refreshToken } })).status, 200, 'a refresh')
  const dashboard = await call('POST', '/dashboard/session', { body: { email, password } })
  t.equal(dashboard.status, 201, 'a log-in to the dashboard')
  const accepted = await call('POST', '/api/members/invitations/accept', {
    body: { token, name: 'New', password: 'a long password for new' },
  })
  t.equal(accepted.status, 200, 'an invitation')
  const begun = await call('POST', '/api/embed/sessions', { body: { invite: invite.body.token } })
  t.equal(begun.status, 200, 'an invite')
  const headers = bearer(login.body.accessToken)
  const changed = await call('POST', '/api/auth/password/change', {
    headers,
    body: { currentPassword: password, newPassword: 'another long password 7' },
  })
  t.equal(changed.status, 204, 'a change of the password')
})

t.test('of bad refresh tokens the later ones get 429, and a good one passes', async (t) => {
  const { call, tenant } = await testApp(t, variables)
  const { refreshToken, email, password, auth } = await tenant()
  const dead = `${refreshToken.slice(0, -1)}${refreshToken.endsWith('0') ? '1' : '0'}`
  const refresh = (token: string) => call('POST', '/api/auth/refresh', { body: { refreshToken: token } })
  t.same(await statuses(ALLOWANCE + 3, () => refresh(dead)), [...Array(ALLOWANCE).fill(401), 429, 429, 429])
  const last = await refresh(dead)
  t.match(last, { status: 429, headers: { 'retry-after': /^\d+$/ } })
  t.equal(last.body.error.reason, 'too_many_failures')
  t.equal((await refresh(refreshToken)).status, 200)
  t.equal((await call('POST', '/api/auth/login', { body: { email, password } })).status, 200)
  t.equal((await call('GET', '/api/whoami', { headers: auth })).status, 200)
})

t.test(
  'a program that retries the wrong password of one account stops that account there alone',
  async (t) => {
    const { call, tenant } = await testApp(t, variables)
    const [one, other] = [await tenant(), await tenant()]
    const login = (email: string, password: string) =>
      call('POST', '/api/auth/login', { body: { email, password } })
    const tries = await statuses(60, () => login(one.email, 'the old password'))
    t.same(new Set(tries), new Set([401, 429]))
    t.ok(tries.filter((status) => status === 401).length < 20, 'few cost a hash')
    t.equal((await login(one.email, one.password)).status, 429, 'the account has to wait here')
    t.equal((await login(other.email, other.password)).status, 200)
  },
)

t.test('a network that tries one password on many accounts is stopped, a known device is not', async (t) => {
  const { call, tenant } = await testApp(t, variables)
  const [owner, other] = [await tenant(), await tenant()]
  const { email, password } = owner
  const known = await call('POST', '/dashboard/session', { body: { email, password } })
  const cookies = known.headers['set-cookie'] as string[]
  const cookie = String(cookies.find((text) => text.includes('device'))).split(';', 1)[0] as string
  const login = (body: object, headers = {}) => call('POST', '/api/auth/login', { body, headers })

  const sprayed = await statuses(ALLOWANCE + 2, (index) =>
    login({ email: `victim${index}@x.example`, password: 'Summer2026!' }),
  )
  t.same(sprayed, [...Array(ALLOWANCE).fill(401), 429, 429])
  const stopped = await login({ email: other.email, password: other.password })
  t.match(stopped, { status: 429, headers: { 'retry-after': /^\d+$/ } }, 'before anything is hashed')
  t.equal(stopped.body.error.reason, 'too_many_failures')
  t.equal((await login({ email, password }, { cookie })).status, 200)
})
