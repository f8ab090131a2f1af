import t, { type Test } from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { storeAccessRecords } from '../../db/queries/access-log.ts'
import { formatRecord, type RequestRecord } from '../../operations/access-log/record.ts'
import { idFloor, idTime } from '../../schemas/id-time.ts'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

/** A tenant whose user looks at a second key, made with the fields given. */
async function ground(t: Test, fields: Record<string, unknown> = {}) {
  const test = await testApp(t)
  const owner = await test.tenant()
  const user = { authorization: `Bearer ${owner.accessToken}` }
  const made = await test.call('POST', '/api/keys', { headers: user, body: { name: 'Seen', ...fields } })
  const look = (path: string) => test.call('GET', `/api/keys/${made.body.id}/${path}`, { headers: user })
  /** Has requests of the second key in the log that began at the times given. */
  const seen = async (...requests: ({ at: string } & Partial<RequestRecord>)[]) => {
    const common = {
      organizationId: owner.organizationId,
      method: 'GET',
      url: '/api/whoami',
      status: 200,
      durationMs: 1,
      ip: '127.0.0.1',
      userAgent: 'agent',
      access: 'authenticated',
      credentialType: 'api_key',
      keyId: String(made.body.id),
      keyHash: null,
      userId: null,
      reason: null,
      failed: false,
    }
    const lines = requests.map(({ at, ...fields }, index) => {
      const id = idFloor('req', Date.parse(at)) + String(index).padStart(16, '0')
      return formatRecord({ id, ...common, ...fields })
    })
    const text = lines.join('')
    await storeAccessRecords(test.app.database, 'a spool of the test', 0, text.length, text)
  }
  return {
    ...test,
    seen,
    owner,
    user,
    keyId: made.body.id,
    key: { authorization: `Bearer ${made.body.key}` },
    look,
  }
}

type Point = { at: string; requests: number; failures: number }

function total(points: Point[]) {
  return points.reduce(
    (sum, { requests, failures }) => ({
      requests: sum.requests + requests,
      failures: sum.failures + failures,
    }),
    { requests: 0, failures: 0 },
  )
}

t.test('usage has a point for every hour and day, and counts in its own', async (t) => {
  const { app, call, key, look, seen } = await ground(t)
  for (let index = 0; index < 3; index += 1) await call('GET', '/api/whoami', { headers: key })
  await call('GET', '/api/keys/none', { headers: key })
  await app.accessLog.flush()

  const hours = await look('usage')
  t.equal(hours.status, 200)
  t.ok(hours.body.usage.length >= 24 && hours.body.usage.length <= 25)
  // The two latest: an hour may have ended meanwhile.
  t.strictSame(total(hours.body.usage.slice(-2)), { requests: 4, failures: 0 })
  t.strictSame(total(hours.body.usage.slice(0, -2)), { requests: 0, failures: 0 })
  t.match(hours.body.usage[0].at, /^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/)

  await seen(
    { at: '2026-01-03T10:59:59.999Z' },
    { at: '2026-01-03T11:00:00.000Z' },
    { at: '2026-01-03T23:59:59.999Z' },
    { at: '2026-01-04T00:00:00.000Z', failed: true },
  )
  const night = await look('usage?from=2026-01-03T10:30:00Z&to=2026-01-04T02:00:00Z')
  t.equal(night.body.usage.length, 16)
  t.strictSame(
    night.body.usage.filter(({ requests, failures }: Point) => requests + failures > 0),
    [
      { at: '2026-01-03T10:00:00.000Z', requests: 1, failures: 0 },
      { at: '2026-01-03T11:00:00.000Z', requests: 1, failures: 0 },
      { at: '2026-01-03T23:00:00.000Z', requests: 1, failures: 0 },
      { at: '2026-01-04T00:00:00.000Z', requests: 0, failures: 1 },
    ],
  )
  const days = await look('usage?interval=day&from=2026-01-01T00:00:00Z&to=2026-01-08T00:00:00Z')
  t.equal(days.body.usage.length, 7)
  t.equal(days.body.usage[0].at, '2026-01-01T00:00:00.000Z')
  t.strictSame(days.body.usage.slice(2, 4), [
    { at: '2026-01-03T00:00:00.000Z', requests: 3, failures: 0 },
    { at: '2026-01-04T00:00:00.000Z', requests: 0, failures: 1 },
  ])

  for (const query of ['from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z', 'interval=week', 'from=x']) {
    t.equal((await look(`usage?${query}`)).status, 400, query)
  }
})

t.test('callers are told by address and agent, the latest first', async (t) => {
  const { app, call, key, look } = await ground(t)
  await call('GET', '/api/whoami', { headers: { ...key, 'user-agent': 'one' } })
  const { headers } = await call('GET', '/api/whoami', { headers: { ...key, 'user-agent': 'one' } })
  // Within one millisecond neither would be the later one.
  await until(() => Date.now() > idTime(String(headers['x-request-id'])), 'the next millisecond')
  await call('GET', '/api/whoami', { headers: { ...key, 'user-agent': 'two' } })
  await app.accessLog.flush()
  const { status, body } = await look('callers')
  t.equal(status, 200)
  t.match(body.callers, [
    { ip: '127.0.0.1', userAgent: 'two', count: 1 },
    { ip: '127.0.0.1', userAgent: 'one', count: 2 },
  ])
  t.equal(body.callers.length, 2)
})

t.test('callers of the same millisecond are told by address, then by agent', async (t) => {
  const { look, seen } = await ground(t)
  const at = '2026-01-03T10:00:00.000Z'
  await seen(
    { at, ip: '192.0.2.1', userAgent: 'two' },
    { at, ip: '192.0.2.1', userAgent: 'one' },
    { at, ip: '127.0.0.1', userAgent: 'zero' },
    { at: '2026-01-03T10:00:00.001Z', ip: '203.0.113.1' },
  )
  t.strictSame(
    (await look('callers')).body.callers.map(
      ({ ip, userAgent }: Record<string, string>) => `${ip} ${userAgent}`,
    ),
    ['203.0.113.1 agent', '127.0.0.1 zero', '192.0.2.1 one', '192.0.2.1 two'],
  )
})

t.test('what a key needed is proposed, and what less would have refused is told', async (t) => {
  const { app, call, key, look } = await ground(t)
  t.match((await look('recommendation')).body, { requests: 0, proposal: null, current: { scopes: ['*'] } })

  await call('GET', '/api/whoami', { headers: key })
  await call('GET', '/api/campaigns', { headers: key })
  await call('POST', '/api/campaigns', { headers: key, body: { name: 'One' } })
  await call('GET', '/api/logs', { headers: key })
  await call('GET', '/api/keys/key_00000000000000000000000000', { headers: key })
  await app.accessLog.flush()

  const own = await look('recommendation')
  t.equal(own.status, 200)
  t.match(own.body, {
    requests: 4,
    proposal: { scopes: ['campaigns:write', 'logs:read'], allowedIps: ['127.0.0.1'] },
    refused: { requests: 0, scopes: [], addresses: [] },
  })
  const less = await look('recommendation?scopes=campaigns:read&allowedIps=127.0.0.0/8')
  t.match(less.body.considered, { scopes: ['campaigns:read'], allowedIps: ['127.0.0.0/8'] })
  t.strictSame(less.body.refused, {
    requests: 2,
    scopes: [
      { scope: 'campaigns:write', requests: 1 },
      { scope: 'logs:read', requests: 1 },
    ],
    addresses: [],
  })
  const elsewhere = await look('recommendation?allowedIps=192.0.2.0/24')
  t.match(elsewhere.body.refused, { requests: 4, addresses: [{ ip: '127.0.0.1', requests: 4 }] })
  t.equal((await look('recommendation?scopes=everything')).status, 400)
  t.equal((await look('recommendation?allowedIps=0177.0.0.1')).status, 400)
})

t.test('each of these is for the key of the own organization alone', async (t) => {
  const { call, look, tenant, keyId } = await ground(t)
  const stranger = await tenant()
  for (const path of ['usage', 'callers', 'recommendation']) {
    const foreign = await call('GET', `/api/keys/${keyId}/${path}`, { headers: stranger.auth })
    t.equal(foreign.status, 404, path)
    t.equal((await look(path)).status, 200, path)
  }
})

t.test('the owner reads why a request was refused, at once; nobody else does', async (t) => {
  const { call, tenant, owner, user, key } = await ground(t, { scopes: ['campaigns:read'], allowedIps: [] })
  const stranger = await tenant()
  const why = (id: unknown, headers = user) => call('GET', `/api/logs/${id}`, { headers })
  const refusedOf = async (headers: Record<string, string>, path = '/api/whoami') =>
    (await call('GET', path, { headers })).headers['x-request-id']

  const scope = await refusedOf(key, '/api/logs')
  t.match((await why(scope)).body, {
    reason: 'scope_missing:logs:read',
    status: 403,
    explanation: /the scope logs:read/,
  })
  t.equal((await why(scope, { authorization: `Bearer ${stranger.accessToken}` })).status, 404)

  const unknown = generateCredential('sk_dev_').text
  const live = generateCredential('sk_live_').text
  const token = { authorization: `Bearer ${owner.accessToken}` }
  t.match((await why(await refusedOf({ ...token, 'x-api-key': unknown }))).body, {
    reason: 'unknown_key',
    keyId: null,
  })
  t.match((await why(await refusedOf({ ...token, 'x-api-key': live }))).body, { reason: 'wrong_environment' })
  t.equal((await why(await refusedOf({ authorization: `Bearer ${unknown}` }))).status, 404, "nobody's")
  t.equal((await why(await refusedOf({}))).status, 404, "nobody's")
  const badToken = { 'x-api-key': owner.key, authorization: `Bearer ${generateCredential('at_').text}` }
  t.match((await why(await refusedOf(badToken))).body, { reason: 'unknown_token', status: 401 })

  const wrongSecret = `${owner.key.slice(0, 20)}${generateCredential('sk_dev_').text.slice(20)}`
  t.match((await why(await refusedOf({ ...token, 'x-api-key': wrongSecret }))).body, {
    reason: 'malformed_credential',
  })
  await call('DELETE', `/api/keys/${owner.keyId}`, { headers: user, body: {} })
  t.match((await why(await refusedOf(owner.auth))).body, {
    reason: 'key_revoked',
    keyId: owner.keyId,
    explanation: /revoked/,
  })
  t.equal((await why('req_00000000000000000000000000')).status, 404)
  t.equal((await why('nonsense')).status, 400)
})
