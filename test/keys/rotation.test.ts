import t from 'tap'
import { type TestApp, testApp } from '../support/app.ts'

const { app, call, tenant } = await testApp(t)

const HOUR_MS = 3_600_000

t.test('a rotated key lives on for its grace, says so, and has a successor like it', async (t) => {
  const { auth } = await tenant()
  const expiresAt = new Date(Date.now() + 30 * 24 * HOUR_MS).toISOString()
  const body = {
    name: 'Billing',
    stage: 'staging',
    scopes: ['campaigns:read', 'logs:read'],
    allowedIps: ['127.0.0.0/8'],
    rateLimitPerMinute: 77,
    expiresAt,
  }
  const old = (await call('POST', '/api/keys', { headers: auth, body })).body
  const before = Date.now()
  const rotated = await call('POST', `/api/keys/${old.id}/rotate`, { headers: auth })
  t.equal(rotated.status, 201)
  t.match(rotated.body.key, /^sk_staging_/)
  t.match(rotated.body, {
    name: 'Billing',
    stage: 'staging',
    scopes: body.scopes,
    allowedIps: body.allowedIps,
    rateLimitPerMinute: 77,
    status: 'active',
    replacedBy: null,
  })
  t.not(rotated.body.id, old.id)
  const distance = Date.parse(rotated.body.expiresAt) - Date.parse(rotated.body.createdAt)
  t.ok(Math.abs(distance - 30 * 24 * HOUR_MS) < 60_000, 'the successor lives as long')

  const retiring = (await call('GET', `/api/keys/${old.id}`, { headers: auth })).body
  t.match(retiring, { status: 'retiring', replacedBy: rotated.body.id, expiresAt })

  const used = await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${old.key}` } })
  t.equal(used.status, 200)
  const deprecated = Number(String(used.headers.deprecation).slice(1)) * 1000
  t.match(used.headers.deprecation, /^@\d+$/, 'RFC 9745')
  t.ok(Math.abs(deprecated - before) < 60_000)
  t.match(used.headers.sunset, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'RFC 8594')
  t.ok(Math.abs(Date.parse(String(used.headers.sunset)) - before - 24 * HOUR_MS) < 60_000)
  t.equal(used.headers.link, `</api/keys/${rotated.body.id}>; rel="successor-version"`)

  const fresh = await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${rotated.body.key}` } })
  t.equal(fresh.status, 200)
  t.equal(fresh.headers.deprecation, undefined)
  t.equal(fresh.headers.sunset, undefined)

  const refused = await call('DELETE', `/api/keys/${old.id}`, { headers: bearer(old.key) })
  t.equal(refused.status, 403)
  t.match(refused.headers.deprecation, /^@\d+$/, 'a refusal for a missing scope carries it too')
})

t.test('an old key that ends before its grace is over ends on its own day', async (t) => {
  const { auth } = await tenant()
  const expiresAt = new Date(Date.now() + 2 * HOUR_MS).toISOString()
  const old = (await call('POST', '/api/keys', { headers: auth, body: { name: 'Short', expiresAt } })).body
  await call('POST', `/api/keys/${old.id}/rotate`, { headers: auth, body: { graceHours: 720 } })
  const used = await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${old.key}` } })
  t.equal(Date.parse(String(used.headers.sunset)), Math.floor(Date.parse(expiresAt) / 1000) * 1000)
})

t.test(
  'no grace at all ends the old key with the answer; the successor may be told another expiry',
  async (t) => {
    const { auth } = await tenant()
    const old = await newKey(call, auth)
    await call('GET', '/api/whoami', { headers: bearer(old.key) })
    const rotated = await call('POST', `/api/keys/${old.id}/rotate`, {
      headers: auth,
      body: { graceHours: 0, expiresAt: '2099-01-01T00:00:00.000Z' },
    })
    t.equal(rotated.body.expiresAt, '2099-01-01T00:00:00.000Z')
    t.equal((await call('GET', '/api/whoami', { headers: bearer(old.key) })).status, 401)
    const shown = (await call('GET', `/api/keys/${old.id}`, { headers: auth })).body
    t.match(shown, { status: 'expired', replacedBy: rotated.body.id })
  },
)

t.test('grace is whole hours from 0 to 720', async (t) => {
  const { auth } = await tenant()
  const old = await newKey(call, auth)
  for (const graceHours of [-1, 721, 1.5, '24', null]) {
    const answer = await call('POST', `/api/keys/${old.id}/rotate`, { headers: auth, body: { graceHours } })
    t.equal(answer.status, 400, String(graceHours))
    t.equal(answer.body.error.details[0].path, 'body.graceHours')
  }
  t.match((await call('GET', `/api/keys/${old.id}`, { headers: auth })).body, { status: 'active' })
})

t.test('a rotation can be finished early, or undone while the old key lives', async (t) => {
  const { auth } = await tenant()

  const finished = await newKey(call, auth)
  const successor = (await call('POST', `/api/keys/${finished.id}/rotate`, { headers: auth })).body
  await call('GET', '/api/whoami', { headers: bearer(finished.key) })
  const finish = await call('POST', `/api/keys/${finished.id}/rotation/finish`, { headers: auth })
  t.equal(finish.status, 200)
  t.match(finish.body, { id: finished.id, status: 'expired', replacedBy: successor.id })
  t.ok(finish.body.receipt.replicas.length > 0)
  t.equal((await call('GET', '/api/whoami', { headers: bearer(finished.key) })).status, 401)
  t.equal((await call('GET', '/api/whoami', { headers: bearer(successor.key) })).status, 200)

  const undone = await newKey(call, auth)
  const short = (await call('POST', `/api/keys/${undone.id}/rotate`, { headers: auth })).body
  for (const { key } of [undone, short]) await call('GET', '/api/whoami', { headers: bearer(key) })
  const undo = await call('POST', `/api/keys/${undone.id}/rotation/undo`, { headers: auth })
  t.equal(undo.status, 200)
  t.match(undo.body, { id: undone.id, status: 'active', replacedBy: null })
  t.ok(undo.body.receipt.effectiveAt)
  t.equal((await call('GET', '/api/whoami', { headers: bearer(short.key) })).status, 401)
  const alive = await call('GET', '/api/whoami', { headers: bearer(undone.key) })
  t.equal(alive.status, 200)
  t.equal(alive.headers.sunset, undefined)
  t.equal((await call('GET', `/api/keys/${short.id}`, { headers: auth })).body.status, 'revoked')
})

t.test('what a state does not allow is a 409 that says why', async (t) => {
  const { auth } = await tenant()
  const refuse = async (id: string, path: string, why: RegExp) => {
    const answer = await call('POST', `/api/keys/${id}/${path}`, { headers: auth })
    t.equal(answer.status, 409, `${path}: ${why}`)
    t.match(answer.body.error, { code: 'CONFLICT', message: why })
  }
  const active = await newKey(call, auth)
  await refuse(active.id, 'rotation/finish', /No rotation/)
  await refuse(active.id, 'rotation/undo', /No rotation/)
  const successor = (await call('POST', `/api/keys/${active.id}/rotate`, { headers: auth })).body
  await refuse(active.id, 'rotate', /being rotated/)
  await call('POST', `/api/keys/${successor.id}/rotate`, { headers: auth })
  await refuse(active.id, 'rotation/undo', /successor was rotated/)
  await call('POST', `/api/keys/${active.id}/rotation/finish`, { headers: auth })
  await refuse(active.id, 'rotate', /expired/)
  await refuse(active.id, 'rotation/finish', /ended/)
  await refuse(active.id, 'rotation/undo', /ended/)
  await call('DELETE', `/api/keys/${active.id}`, { headers: auth })
  await refuse(active.id, 'rotate', /revoked/)
  await refuse(active.id, 'rotation/finish', /revoked/)
  await refuse(active.id, 'rotation/undo', /revoked/)
  const patched = await call('PATCH', `/api/keys/${active.id}`, { headers: auth, body: { name: 'Other' } })
  t.equal(patched.status, 409)
})

t.test('a repeated request makes one successor; of two rotations at once one wins', async (t) => {
  const { auth } = await tenant()
  const old = await newKey(call, auth)
  const headers = { ...auth, 'idempotency-key': 'rotate-once' }
  const first = await call('POST', `/api/keys/${old.id}/rotate`, { headers })
  const second = await call('POST', `/api/keys/${old.id}/rotate`, { headers })
  t.equal(second.status, 201)
  t.equal(second.headers['idempotent-replayed'], 'true')
  t.equal(second.body.key, first.body.key)
  t.equal((await call('GET', '/api/keys', { headers: auth })).body.keys.length, 3)

  const contested = await newKey(call, auth)
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => call('POST', `/api/keys/${contested.id}/rotate`, { headers: auth })),
  )
  t.strictSame(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(409)])
  t.equal((await call('GET', '/api/keys', { headers: auth })).body.keys.length, 5)
})

t.test("another tenant's key can't be rotated, finished or undone", async (t) => {
  const [one, other] = await Promise.all([tenant(), tenant()])
  const old = await newKey(call, one.auth)
  await call('POST', `/api/keys/${old.id}/rotate`, { headers: one.auth })
  for (const path of ['rotate', 'rotation/finish', 'rotation/undo']) {
    t.equal((await call('POST', `/api/keys/${old.id}/${path}`, { headers: other.auth })).status, 404, path)
  }
})

t.test('the longest life there is has no longer one after it', async (t) => {
  const { auth } = await tenant()
  const expiresAt = '9999-12-31T23:59:59.999Z'
  const old = (await call('POST', '/api/keys', { headers: auth, body: { name: 'Long', expiresAt } })).body
  await app.database`update keys set created_at = created_at - interval '1 year' where id = ${old.id}`
  t.equal((await call('POST', `/api/keys/${old.id}/rotate`, { headers: auth })).body.expiresAt, expiresAt)
  const beyond = await call('POST', '/api/keys', {
    headers: auth,
    body: { name: 'Longer', expiresAt: '9999-12-31T23:59:59-12:00' },
  })
  t.equal(beyond.status, 400)
})

t.test('a key may rotate itself', async (t) => {
  const { auth, keyId } = await tenant()
  const rotated = await call('POST', `/api/keys/${keyId}/rotate`, { headers: auth })
  t.equal(rotated.status, 201)
  t.strictSame(rotated.body.scopes, ['*'])
})

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` }
}

async function newKey(call: TestApp['call'], headers: Record<string, string>) {
  return (await call('POST', '/api/keys', { headers, body: { name: 'Key' } })).body
}
