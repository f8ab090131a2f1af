import t from 'tap'
import { testApp } from '../support/app.ts'

const { app, call, tenant } = await testApp(t)

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

t.test('whoever holds a key can revoke it, whatever its scopes', async (t) => {
  const { auth, accessToken } = await tenant()
  const make = async (scopes: string[]) =>
    (await call('POST', '/api/keys', { headers: auth, body: { name: 'K', scopes } })).body

  const narrow = await make(['campaigns:read'])
  const ended = await call('DELETE', '/api/keys/self', {
    headers: bearer(narrow.key),
    body: { reason: 'found in a chat' },
  })
  t.equal(ended.status, 200)
  t.match(ended.body, { id: narrow.id, status: 'revoked', receipt: { replicas: [{}] } })
  t.equal((await call('GET', '/api/whoami', { headers: bearer(narrow.key) })).status, 401)
  t.equal((await call('DELETE', '/api/keys/self', { headers: bearer(narrow.key) })).status, 401)

  const paired = await make(['logs:read'])
  const both = { 'x-api-key': paired.key, authorization: `Bearer ${accessToken}` }
  t.match(await call('DELETE', '/api/keys/self', { headers: both }), { status: 200, body: { id: paired.id } })

  const { audit } = (await call('GET', '/api/audit?action=key.revoked', { headers: auth })).body
  t.match(audit, [
    { targetId: paired.id, credentialId: paired.id, actorType: 'api_key+user' },
    {
      targetId: narrow.id,
      credentialId: narrow.id,
      actorType: 'api_key',
      changes: { reason: 'found in a chat' },
    },
  ])
})

t.test('without a key there is nothing to revoke', async (t) => {
  const { accessToken } = await tenant()
  const alone = await call('DELETE', '/api/keys/self', { headers: bearer(accessToken) })
  t.equal(alone.status, 403)
  t.equal((await call('DELETE', '/api/keys/self')).status, 401)
})

t.test('a key outside its addresses can’t even revoke itself', async (t) => {
  const { auth } = await tenant()
  const { key } = (
    await call('POST', '/api/keys', { headers: auth, body: { name: 'K', allowedIps: ['192.0.2.1'] } })
  ).body
  t.equal((await call('DELETE', '/api/keys/self', { headers: bearer(key) })).status, 403)
})

t.test('a credential in a name is refused, and in a reason it is cut down', async (t) => {
  const { auth, key, keyId } = await tenant()
  const made = await call('POST', '/api/keys', { headers: auth, body: { name: `old ${key}` } })
  t.match(made, { status: 400, body: { error: { details: [{ path: 'body.name' }] } } })
  const patched = await call('PATCH', `/api/keys/${keyId}`, { headers: auth, body: { name: key } })
  t.equal(patched.status, 400)
  const ended = await call('DELETE', '/api/keys/self', { headers: auth, body: { reason: `${key} leaked` } })
  t.equal(ended.status, 200)
  const [row] = await app.database`select revoked_reason from keys where id = ${keyId}`
  t.equal(row?.revokedReason, 'sk_dev_[redacted] leaked')
})
