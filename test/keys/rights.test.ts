import t from 'tap'
import { fingerprint } from '../../credentials/secret.ts'
import { type Tenant, type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

const server = await testApp(t)
const { app, call } = server
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

async function limitedKey({ call }: TestApp, { auth }: Tenant, body: object) {
  const made = await call('POST', '/api/keys', { headers: auth, body: { name: 'Limited', ...body } })
  return made.body as { id: string; key: string }
}

t.test('more rights by scopes', async (t) => {
  const owner = await server.tenant()
  const limited = await limitedKey(server, owner, { scopes: ['keys:write', 'campaigns:read'] })
  const headers = bearer(limited.key)

  const inherited = await call('POST', '/api/keys', { headers, body: { name: 'Mine' } })
  t.strictSame(inherited.body.scopes, ['keys:write', 'campaigns:read'], 'says nothing: gets its maker’s')
  const less = await call('POST', '/api/keys', { headers, body: { name: 'Less', scopes: ['keys:read'] } })
  t.equal(less.status, 201)

  for (const scopes of [['*'], ['campaigns:write'], ['keys:read', 'logs:read']]) {
    const attempts = [
      call('POST', '/api/keys', { headers, body: { name: 'More', scopes } }),
      call('PATCH', `/api/keys/${limited.id}`, { headers, body: { scopes } }),
      call('PATCH', `/api/keys/${less.body.id}`, { headers, body: { scopes } }),
    ]
    for (const answer of await Promise.all(attempts)) {
      t.equal(answer.status, 403, scopes.join())
      t.match(answer.body.error, {
        code: 'FORBIDDEN',
        message: 'Insufficient permissions for this resource',
        details: [{ path: 'body.scopes', message: /(\*|campaigns:write|logs:read) is more/ }],
      })
    }
  }
  const after = await call('GET', `/api/keys/${limited.id}`, { headers })
  t.strictSame(after.body.scopes, ['keys:write', 'campaigns:read'])
})

t.test('more rights by taking over a stronger key', async (t) => {
  const owner = await server.tenant()
  const { key } = await limitedKey(server, owner, { scopes: ['keys:write'] })
  const headers = bearer(key)
  const strong = await limitedKey(server, owner, { scopes: ['keys:write', 'campaigns:read'] })
  const attempts = {
    rotated: await call('POST', `/api/keys/${strong.id}/rotate`, { headers }),
    patched: await call('PATCH', `/api/keys/${strong.id}`, { headers, body: { allowedIps: [] } }),
    narrowed: await call('PATCH', `/api/keys/${strong.id}`, { headers, body: { scopes: ['keys:read'] } }),
  }
  for (const [how, answer] of Object.entries(attempts)) {
    t.equal(answer.status, 403, how)
    t.match(answer.body.error.details, [{ path: 'params.id', message: /campaigns:read/ }])
  }
  await call('POST', `/api/keys/${strong.id}/rotate`, { headers: owner.auth })
  const undone = await call('POST', `/api/keys/${strong.id}/rotation/undo`, { headers })
  t.equal(undone.status, 403, 'undone: that gives the old key its life back')
  const everything = await call('POST', `/api/keys/${owner.keyId}/rotate`, { headers })
  t.equal(everything.status, 403)
})

t.test('more rights than the user has, by a key beside', async (t) => {
  const owner = await server.tenant()
  await app.database`update memberships set role = 'member' where user_id = ${owner.userId}`
  await app.changes.settle([`user:${owner.userId}`])
  const made = await call('POST', '/api/keys', { headers: owner.both, body: { name: 'By a member' } })
  t.equal(made.status, 403, 'a key with everything and a member: members make no keys')
  t.match(made.body.error.details, [{ message: 'needs the scope keys:write' }])
  const alone = await call('POST', '/api/keys', {
    headers: bearer(owner.accessToken),
    body: { name: 'By a member' },
  })
  t.equal(alone.status, 403)
})

t.test('more rights by userId, organizationId and role', async (t) => {
  const [owner, other] = await Promise.all([server.tenant(), server.tenant()])
  const made = await limitedKey(server, owner, {})
  const foreign = {
    userId: other.userId,
    organizationId: other.organizationId,
    role: 'owner',
    createdBy: other.userId,
    status: 'active',
    id: made.id,
  }
  for (const [field, value] of Object.entries(foreign)) {
    const attempts = {
      create: await call('POST', '/api/keys', {
        headers: owner.auth,
        body: { name: 'More', [field]: value },
      }),
      patch: await call('PATCH', `/api/keys/${made.id}`, { headers: owner.auth, body: { [field]: value } }),
      rotate: await call('POST', `/api/keys/${made.id}/rotate`, {
        headers: owner.auth,
        body: { [field]: value },
      }),
    }
    for (const [how, answer] of Object.entries(attempts)) {
      t.equal(answer.status, 400, `${how} with ${field}`)
      t.match(answer.body.error.details, [{ path: `body.${field}`, message: 'is not a known field' }])
    }
  }
  t.equal((await call('GET', `/api/keys/${made.id}`, { headers: other.auth })).status, 404)
})

t.test('more rights by rateLimitPerMinute', async (t) => {
  const server = await testApp(t, { RATE_LIMIT_PER_MINUTE: '5000' })
  const { call } = server
  const owner = await server.tenant()
  const { id, key } = await limitedKey(server, owner, { rateLimitPerMinute: 100 })
  const headers = bearer(key)
  for (const rateLimitPerMinute of [101, null]) {
    const own = await call('PATCH', `/api/keys/${id}`, { headers, body: { rateLimitPerMinute } })
    t.equal(own.status, 403, `its own limit to ${rateLimitPerMinute}`)
    t.match(own.body.error.details, [{ path: 'body.rateLimitPerMinute', message: /at most 100/ }])
    const made = await call('POST', '/api/keys', { headers, body: { name: 'More', rateLimitPerMinute } })
    t.equal(made.status, 403, `a new key's limit of ${rateLimitPerMinute}`)
  }
  const inherited = await call('POST', '/api/keys', { headers, body: { name: 'Same' } })
  t.equal(inherited.body.rateLimitPerMinute, 100)
  t.equal((await call('PATCH', `/api/keys/${id}`, { headers, body: { rateLimitPerMinute: 90 } })).status, 200)
  t.equal(
    (await call('POST', `/api/keys/${owner.keyId}/rotate`, { headers })).status,
    403,
    'an unlimited key',
  )

  const beyond = await call('POST', '/api/keys', {
    headers: owner.auth,
    body: { name: 'Beyond', rateLimitPerMinute: 5001 },
  })
  t.equal(beyond.status, 403, 'more than the organization has')
  t.match(beyond.body.error.details, [{ path: 'body.rateLimitPerMinute', message: /organization's 5000/ }])
  await server.app.database`update organizations set plan = 'team' where id = ${owner.organizationId}`
  await server.app.changes.settle([`organization:${owner.organizationId}`])
  const inPlan = await call('POST', '/api/keys', {
    headers: owner.auth,
    body: { name: 'Within a larger plan', rateLimitPerMinute: 25_000 },
  })
  t.equal(inPlan.status, 201)
})

t.test('more rights by allowedIps', async (t) => {
  const owner = await server.tenant()
  const { id, key } = await limitedKey(server, owner, { allowedIps: ['127.0.0.0/8'] })
  const headers = bearer(key)
  for (const allowedIps of [[], ['0.0.0.0/0'], ['127.0.0.1', '10.0.0.1']]) {
    const own = await call('PATCH', `/api/keys/${id}`, { headers, body: { allowedIps } })
    t.equal(own.status, 403, `its own list to ${JSON.stringify(allowedIps)}`)
    const made = await call('POST', '/api/keys', { headers, body: { name: 'More', allowedIps } })
    t.equal(made.status, 403)
  }
  const inherited = await call('POST', '/api/keys', { headers, body: { name: 'Same' } })
  t.strictSame(inherited.body.allowedIps, ['127.0.0.0/8'])
  const narrower = await call('PATCH', `/api/keys/${id}`, { headers, body: { allowedIps: ['127.0.0.1'] } })
  t.equal(narrower.status, 200)
})

t.test('a route tells a caller with a good key which scope it lacks', async (t) => {
  const owner = await server.tenant()
  const { key } = await limitedKey(server, owner, { scopes: ['campaigns:read'] })
  const answer = await call('POST', '/api/campaigns', { headers: bearer(key), body: { name: 'No' } })
  t.equal(answer.status, 403)
  t.strictSame(answer.body.error.details, [
    { path: 'credential', message: 'needs the scope campaigns:write' },
  ])
})

t.test('stages belong to their environment', async (t) => {
  const { auth } = await server.tenant()
  const prefixes = { development: /^sk_dev_/, staging: /^sk_staging_/ }
  for (const [stage, prefix] of Object.entries(prefixes)) {
    const made = await call('POST', '/api/keys', { headers: auth, body: { name: stage, stage } })
    t.match(made.body, { stage, key: prefix, prefix })
    t.equal((await call('GET', '/api/whoami', { headers: bearer(made.body.key) })).status, 200)
  }
  const refused = await call('POST', '/api/keys', { headers: auth, body: { name: 'P', stage: 'production' } })
  t.equal(refused.status, 400)
  t.match(refused.body.error.details, [{ path: 'body.stage', message: /development or staging/ }])
})

t.test('an expired key is refused, and stays so', async (t) => {
  const { auth } = await server.tenant()
  const past = await call('POST', '/api/keys', {
    headers: auth,
    body: { name: 'Past', expiresAt: '2020-01-01T00:00:00Z' },
  })
  t.equal(past.status, 400)
  const { id, key } = (
    await call('POST', '/api/keys', {
      headers: auth,
      body: { name: 'Brief', expiresAt: new Date(Date.now() + 600_000).toISOString() },
    })
  ).body
  const status = async () => (await call('GET', '/api/whoami', { headers: bearer(key) })).status
  const remembered = async () =>
    (await status()) === 200 && app.verifier.rememberedKey(fingerprint(key)) !== undefined
  await until(remembered, 'the key to be accepted and remembered')
  const { now } = Date
  const clock = t.intercept(Date, 'now', { value: () => now() + 601_000 })
  // By the database's clock it lives on: what refuses it is the memory, once there is a lease by the later clock.
  await until(async () => (await status()) === 401, 'the remembered key to end on time')
  clock.restore()

  await app.database`update keys set expires_at = now() - interval '1 second' where id = ${id}`
  app.verifier.clear()
  t.equal(await status(), 401, 'and so does one that is looked up')
  t.equal((await call('GET', `/api/keys/${id}`, { headers: auth })).body.status, 'expired')
  const revived = await call('PATCH', `/api/keys/${id}`, { headers: auth, body: { expiresAt: null } })
  t.equal(revived.status, 409)
})
