import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { testApp } from '../support/app.ts'

t.test(
  'a request is in the log with all that the contract names, and with nothing that it carried',
  async (t) => {
    const { app, call, tenant } = await testApp(t)
    const { auth, both, keyId, userId } = await tenant()
    await call('GET', '/api/whoami?name=canary', { headers: { ...auth, 'user-agent': 'canary\tagent' } })
    await call('GET', '/api/campaigns', { headers: both })
    await app.accessLog.flush()

    const { status, body } = await call('GET', '/api/logs', { headers: auth })
    t.equal(status, 200)
    const [campaigns, whoami] = body.logs
    t.match(whoami, {
      method: 'GET',
      path: '/api/whoami',
      status: 200,
      ip: '127.0.0.1',
      userAgent: 'canary agent',
      credentialType: 'api_key',
      keyId,
      keyHash: /^[A-Za-z0-9_-]{43}$/,
      userId: null,
      reason: null,
    })
    t.equal(whoami.id, whoami.requestId)
    t.ok(whoami.durationMs > 0)
    t.ok(Math.abs(Date.parse(whoami.at) - Date.now()) < 60_000)
    t.match(campaigns, { path: '/api/campaigns', credentialType: 'api_key+user', userId, keyId })
  },
)

t.test('counters and log say the same after a flush', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { auth, key, keyId, accessToken } = await tenant()
  const user = { authorization: `Bearer ${accessToken}` }
  const narrow = await call('POST', '/api/keys', {
    headers: user,
    body: { name: 'Narrow', scopes: ['logs:read'] },
  })
  const narrowAuth = { authorization: `Bearer ${narrow.body.key}` }
  for (let index = 0; index < 5; index += 1) await call('GET', '/api/whoami', { headers: auth })
  await call('GET', '/api/campaigns', { headers: narrowAuth })
  await call('GET', '/api/logs', { headers: narrowAuth })
  const wrong = generateCredential('sk_dev_')
  t.equal(
    (await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${wrong.text}` } })).status,
    401,
  )
  await app.accessLog.flush()

  const used = await call('GET', `/api/keys/${keyId}`, { headers: user })
  t.match(used.body, { requestCount: 5, failedAttempts: 0 })
  t.ok(used.body.lastUsedAt)
  const refused = await call('GET', `/api/keys/${narrow.body.id}`, { headers: user })
  t.match(
    refused.body,
    { requestCount: 2, failedAttempts: 0 },
    'a scope that is missing is no failed authentication',
  )

  t.match(await call('DELETE', `/api/keys/${keyId}`, { headers: user, body: {} }), { status: 200 })
  for (let index = 0; index < 3; index += 1)
    await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${key}` } })
  await app.accessLog.flush()
  const ended = await call('GET', `/api/keys/${keyId}`, { headers: user })
  t.match(ended.body, { requestCount: 5, failedAttempts: 3 })
})
