import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t, { type Test } from 'tap'
import { type ParsedCredential, parseCredential } from '../../credentials/format.ts'
import { secretTag } from '../../credentials/secret.ts'
import { type Answer, type TestApp, testApp } from '../support/app.ts'
import { inventedKey, withWrongSecret } from '../support/wrong-keys.ts'

const ALLOWANCE = 10
const braked = { AUTH_FAILURES_PER_MINUTE: String(ALLOWANCE) }
const behindProxy = { ...braked, TRUST_PROXY: '127.0.0.1' }

function whoami({ call }: TestApp, key: string, headers: Record<string, string> = {}): Promise<Answer> {
  return call('GET', '/api/whoami', { headers: { authorization: `Bearer ${key}`, ...headers } })
}

function from(address: string): Record<string, string> {
  return { 'x-forwarded-for': address }
}

/** How many bcrypts `work` pays for. */
async function bcrypts(work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const note = () => {
    count += 1
  }
  subscribe('tracing:anteroom:bcrypt:start', note)
  try {
    await work()
  } finally {
    unsubscribe('tracing:anteroom:bcrypt:start', note)
  }
  return count
}

/** What many presentations are answered, by status. */
async function tally(
  count: number,
  present: (index: number) => Promise<Answer>,
): Promise<Record<string, number>> {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => present(index)))
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** Fails one after another until the brake holds. */
async function fail(t: Test, times: number, present: (index: number) => Promise<Answer>): Promise<void> {
  for (let index = 0; index < times; index += 1) t.equal((await present(index)).status, 401)
}

const maker = await testApp(t)

/** A process that has verified and refused nothing yet, and a key that another one made. */
async function cold(t: Test, variables: Record<string, string> = braked) {
  const { key } = await maker.tenant()
  return { server: await testApp(t, variables, maker), key }
}

t.test('a thousand first uses of a key at once cost one bcrypt', async (t) => {
  const { server, key } = await cold(t)
  const cost = await bcrypts(async () => {
    t.same(await tally(1000, () => whoami(server, key)), { 200: 1000 })
  })
  t.equal(cost, 1)
  await server.app.changes.stop()
  t.notOk(server.app.changes.trusted())
  t.equal(await bcrypts(() => whoami(server, key)), 0, 'nor again without a lease')
})

t.test('without a lease a thousand first uses cost one bcrypt all the same', async (t) => {
  const { server, key } = await cold(t)
  await server.app.changes.stop()
  const cost = await bcrypts(async () => {
    t.same(await tally(1000, () => whoami(server, key)), { 200: 1000 })
  })
  t.equal(cost, 1)
})

t.test('invented keys cost no bcrypt, wrong secrets of a real key the allowance at most', async (t) => {
  const { server, key } = await cold(t)
  const invented = await bcrypts(async () => {
    const counts = await tally(1000, () => whoami(server, inventedKey()))
    t.equal(counts['200'], undefined, JSON.stringify(counts))
  })
  t.equal(invented, 0)
  const wrong = await bcrypts(async () => {
    const counts = await tally(1000, () => whoami(server, withWrongSecret(key)))
    t.equal(counts['200'], undefined, JSON.stringify(counts))
  })
  t.ok(wrong <= ALLOWANCE, `${wrong} bcrypts`)
  t.equal((await whoami(server, withWrongSecret(key))).status, 429)
  t.equal((await whoami(server, key)).status, 200, 'the good one, for the first time, from the same address')
})

t.test(
  'a wrong secret that only bcrypt can tell from the right one costs one, however often it is tried',
  async (t) => {
    const { server, key } = await cold(t)
    const wrong = withWrongSecret(key)
    const { publicId, secret } = parseCredential(wrong) as ParsedCredential
    await server.app.database`update keys set secret_tag = ${secretTag(secret)} where public_id = ${publicId}`
    const cost = await bcrypts(async () => {
      t.same(await tally(5, () => whoami(server, wrong)), { 401: 5 })
      t.equal((await whoami(server, wrong)).status, 401)
    })
    t.equal(cost, 1)
  },
)

t.test('an address that failed too often gets 429, with when to come again', async (t) => {
  const { server, key } = await cold(t)
  await fail(t, ALLOWANCE, () => whoami(server, inventedKey()))
  const { status, body, headers } = await whoami(server, inventedKey())
  t.equal(status, 429)
  t.equal(body.error.code, 'RATE_LIMITED')
  t.match(headers, { 'x-ratelimit-limit': String(ALLOWANCE), 'x-ratelimit-remaining': '0' })
  const wait = Number(headers['retry-after'])
  t.ok(wait >= 1 && wait <= 60, `${wait} s`)
  t.equal(headers['x-ratelimit-reset'], String(wait))
  t.equal((await whoami(server, key)).status, 200)
})

t.test('a key id is braked whatever addresses it is tried from, and its owner is not', async (t) => {
  const { server, key } = await cold(t, behindProxy)
  await fail(t, ALLOWANCE, (index) => whoami(server, withWrongSecret(key), from(`192.0.2.${index}`)))
  t.equal((await whoami(server, withWrongSecret(key), from('198.51.100.1'))).status, 429)
  t.equal(
    (await whoami(server, inventedKey(), from('198.51.100.1'))).status,
    401,
    'the address is not to blame',
  )
  t.equal((await whoami(server, key, from('198.51.100.2'))).status, 200)
})

t.test('an IPv6 network is one address, a mapped IPv4 address is itself', async (t) => {
  const { server } = await cold(t, behindProxy)
  await fail(t, ALLOWANCE, (index) => whoami(server, inventedKey(), from(`2001:db8:0:1::${index}`)))
  t.equal((await whoami(server, inventedKey(), from('2001:db8:0:1:ffff::1'))).status, 429)
  t.equal((await whoami(server, inventedKey(), from('2001:db8:0:2::1'))).status, 401)
  await fail(t, ALLOWANCE, () => whoami(server, inventedKey(), from('192.0.2.7')))
  t.equal((await whoami(server, inventedKey(), from('::ffff:192.0.2.7'))).status, 429)
})

t.test('a gateway that adds the port of each connection does not defeat the throttle', async (t) => {
  const { server } = await cold(t, behindProxy)
  await fail(t, ALLOWANCE, (index) => whoami(server, inventedKey(), from(`203.0.113.9:${50_001 + index}`)))
  t.equal((await whoami(server, inventedKey(), from('203.0.113.9:50100'))).status, 429)
  await fail(t, ALLOWANCE, (index) =>
    whoami(server, inventedKey(), from(`[2001:db8::${index}]:${5001 + index}`)),
  )
  t.equal((await whoami(server, inventedKey(), from('2001:db8::ffff'))).status, 429)
})

t.test('no forwarded address is believed of who is no proxy', async (t) => {
  const { server } = await cold(t)
  await fail(t, ALLOWANCE, (index) => whoami(server, inventedKey(), from(`192.0.2.${index}`)))
  t.equal((await whoami(server, inventedKey(), from('198.51.100.1'))).status, 429)
})

t.test('failures are forgotten after a minute', async (t) => {
  const { server } = await cold(t)
  await fail(t, ALLOWANCE, () => whoami(server, inventedKey()))
  t.equal((await whoami(server, inventedKey())).status, 429)
  const now = Date.now
  t.teardown(() => {
    Date.now = now
  })
  Date.now = () => now() + 60_000
  t.equal((await whoami(server, inventedKey())).status, 401)
})
