import bcrypt from '@node-rs/bcrypt'
import t from 'tap'
import { costOf } from '../../credentials/secret.ts'
import { countFailure, findWait } from '../../db/queries/throttles.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { mostTries } from '../support/guesses.ts'

const from = (ip: string) => ({ 'x-forwarded-for': ip })
// Addresses are told by the test, as a proxy on loopback would.
const behindProxy = { TRUST_PROXY: '127.0.0.1' }

function logIn(call: TestApp['call'], email: string, password: string, headers: Record<string, string> = {}) {
  return call('POST', '/api/auth/login', { body: { email, password }, headers })
}

t.test('a wrong password and an unknown e-mail address get the same answer', async (t) => {
  const { call, tenant } = await testApp(t)
  const { email, password } = await tenant()
  const right = await logIn(call, email.toUpperCase(), password)
  t.equal(right.status, 200, 'case of the address does not matter')
  t.equal(right.headers['cache-control'], 'no-store')
  t.match(right.body, {
    tokenType: 'Bearer',
    expiresIn: 900,
    user: { email },
    organization: { name: 'Tenant' },
  })

  const wrong = await logIn(call, email, `${password}x`)
  const unknown = await logIn(call, 'nobody@tenant.example', password)
  t.equal(wrong.status, 401)
  t.equal(unknown.status, 401)
  const told = ({ body }: typeof wrong) => ({ ...body.error, requestId: null })
  t.same(told(wrong), told(unknown))
  t.same(Object.keys(wrong.headers).sort(), Object.keys(unknown.headers).sort())
})

t.test('passwords of any script and length count to the last character', async (t) => {
  const { call } = await testApp(t)
  const password = `${'ü€漢𝄞 '.repeat(45)}end`
  const email = 'long@tenant.example'
  const body = { email, password, name: 'Long', organizationName: 'Long' }
  t.equal((await call('POST', '/api/auth/signup', { body })).status, 201)
  t.equal((await logIn(call, email, password)).status, 200)
  t.equal((await logIn(call, email, `${password.slice(0, -1)}D`)).status, 401, 'bcrypt alone reads 72 bytes')
  t.equal((await logIn(call, email, password.toUpperCase())).status, 401)
})

t.test('a log-in after the cost was raised stores a hash of the new cost', async (t) => {
  const before = await testApp(t)
  const { email, password } = await before.tenant()
  const after = await testApp(t, { PASSWORD_BCRYPT_COST: '5' }, before)
  t.equal((await logIn(after.call, email, 'another one entirely')).status, 401)
  const cost = async () => {
    const [row] = await after.app.database`select password_hash from users where email = ${email}`
    return costOf(row?.passwordHash)
  }
  t.equal(await cost(), 4)
  const crowd = await Promise.all(Array.from({ length: 20 }, () => logIn(after.call, email, password)))
  t.same(
    [...new Set(crowd.map(({ status }) => status))],
    [200],
    'log-ins at once do not trip over the rehash',
  )
  t.equal(await cost(), 5)
  t.equal((await logIn(after.call, email, password)).status, 200)
})

t.test('of 200 guesses at once few are tried, and the owner elsewhere is not delayed', async (t) => {
  const { app, call, tenant } = await testApp(t, behindProxy)
  const { email, password } = await tenant()
  const began = performance.now()
  const guesses = await Promise.all(
    Array.from({ length: 200 }, (_, index) => logIn(call, email, `guess ${index}`, from('192.0.2.1'))),
  )
  const most = mostTries(10, (performance.now() - began) / 1000)
  const tried = guesses.filter(({ status }) => status === 401).length
  const refused = guesses.filter(({ status }) => status === 429)
  t.ok(tried >= 10 && tried <= most, `${tried} of 200 were tried, ${most} at most`)
  t.equal(tried + refused.length, 200)
  for (const { headers } of refused) {
    t.ok(Number(headers['retry-after']) >= 1)
    t.ok(headers['x-ratelimit-limit'])
  }

  const waitOver = () => app.database`update login_brakes set not_before = now() - interval '1 second'`
  for (let more = 0; more < 6; more += 1) {
    await waitOver()
    t.equal((await logIn(call, email, 'guess again', from('192.0.2.1'))).status, 401)
    const [doubled] = await app.database`
      select failures, not_before - updated_at >= make_interval(secs => least(900, 2 ^ (failures - 11))) as waits
      from login_brakes where not_before > updated_at`
    t.equal(doubled?.waits, true, `the delay doubles with each failure: ${doubled?.failures} failures`)
  }
  // By now for longer than a slow machine takes from one line to the next.
  t.equal((await logIn(call, email, password, from('192.0.2.1'))).status, 429, 'the place has to wait')
  t.equal((await logIn(call, email, password, from('192.0.2.2'))).status, 200, 'another place has not')
  await waitOver()
  t.equal((await logIn(call, email, password, from('192.0.2.1'))).status, 200)
  t.equal((await logIn(call, email, 'a slip of the finger', from('192.0.2.1'))).status, 401)
  t.equal((await logIn(call, email, password, from('192.0.2.1'))).status, 200, 'a log-in ends the count')
})

t.test(
  'an account that is guessed at from everywhere: each new place has one try, the owner gets in',
  async (t) => {
    const { call, tenant } = await testApp(t, behindProxy)
    const { email, password } = await tenant()
    const known = await call('POST', '/dashboard/session', {
      body: { email, password },
      headers: from('198.51.100.7'),
    })
    const device = String((known.headers['set-cookie'] as string[]).find((text) => text.includes('device')))
    const cookie = device.slice(0, device.indexOf(';'))
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => logIn(call, email, 'guess', from(`192.0.2.${index}`))),
    )
    t.equal((await logIn(call, email, 'guess', from('192.0.2.200'))).status, 401)
    const second = await logIn(call, email, 'guess', from('192.0.2.200'))
    t.equal(second.status, 429)
    t.ok(Number(second.headers['retry-after']) > 20)
    t.equal(
      (await logIn(call, email, password, from('198.51.100.8'))).status,
      200,
      'the owner, from a new place',
    )

    const atHome = { ...from('198.51.100.7'), cookie }
    t.equal((await logIn(call, email, 'a slip', atHome)).status, 401)
    t.equal((await logIn(call, email, password, atHome)).status, 200, 'a known device has all its tries')
    const forged = { ...from('192.0.2.200'), cookie: cookie.replace(/\..*$/, '.forged') }
    t.equal((await logIn(call, email, password, forged)).status, 429, 'a forged mark is none')
  },
)

t.test('IPv6 addresses of one network wait together', async (t) => {
  const { app, call, tenant } = await testApp(t, behindProxy)
  const { email, password } = await tenant()
  const guess = (index: number) => logIn(call, email, 'guess', from(`2001:db8:1:2::${index.toString(16)}`))
  for (let index = 1; index <= 10; index++) await guess(index)
  t.equal((await app.database`select from login_brakes where failures = 10`).length, 2, 'place and account')
  // The first wait is a second: so that a slow machine does not outlive it, the next failure is the 20th.
  await app.database`update login_brakes set failures = 19`
  await guess(11)
  t.equal((await logIn(call, email, password, from('2001:db8:1:2:ffff::1'))).status, 429)
  t.equal((await logIn(call, email, password, from('2001:db8:1:3::1'))).status, 200)
})

// The time of the first failure was kept rounded up to a millisecond, and the next try, which is free, refused.
t.test('after a failure that no wait follows the next try is free at once', async (t) => {
  const { app } = await testApp(t)
  const backoff = { free: 2, firstSeconds: 1, longestSeconds: 60, windowSeconds: 60 }
  for (let index = 0; index < 20; index++) {
    const key = Buffer.from(`place ${index}`)
    const waits = await app.database.begin(async (tx) => {
      await countFailure(tx, key, backoff)
      return findWait(tx, key)
    })
    t.equal(waits.length, 0)
  }
})

t.test('an address that fails for many accounts is stopped, also in one burst', async (t) => {
  const { call } = await testApp(t, { ...behindProxy, AUTH_FAILURES_PER_MINUTE: '10' })
  const guesses = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      logIn(call, `user${index}@x.example`, 'guess', from('192.0.2.9')),
    ),
  )
  const tried = guesses.filter(({ status }) => status === 401).length
  t.ok(tried <= 18, `${tried} of 200 were tried`)
})

t.test('passwords are at rest as bcrypt of a keyed hash', async (t) => {
  const { app, tenant } = await testApp(t)
  const { email, password } = await tenant()
  const [row] = await app.database`select password_hash from users where email = ${email}`
  t.match(row?.passwordHash, /^\$2[aby]\$/)
  t.equal(await bcrypt.verify(password, row?.passwordHash), false)
})
