import t from 'tap'
import { testApp } from '../support/app.ts'

const server = await testApp(t)
const { call } = server

// The query of these was part of the input, and no schema had checked it.
t.test('only a GET takes input from its query', async (t) => {
  const { both: headers } = await server.tenant()
  const created = await call('POST', '/api/campaigns?status=101&description=From+the+query', {
    headers,
    body: { name: 'A campaign' },
  })
  t.match(created, { status: 201, body: { status: 'active', description: null } })

  const { body: key } = await call('POST', '/api/keys?rateLimitPerMinute=1&allowedIps=192.0.2.1', {
    headers,
    body: { name: 'A key', scopes: ['campaigns:read'] },
  })
  const { body: patched } = await call(
    'PATCH',
    `/api/keys/${key.id}?scopes=campaigns:write&scopes=keys:write`,
    {
      headers,
      body: { name: 'The same key' },
    },
  )
  t.match(key, { scopes: ['campaigns:read'], allowedIps: [] })
  t.not(key.rateLimitPerMinute, '1')
  t.match(patched, { name: 'The same key', scopes: ['campaigns:read'], expiresAt: key.expiresAt })

  const other = await call('POST', '/api/keys', { headers, body: { name: 'Another key' } })
  t.equal((await call('DELETE', `/api/keys/${key.id}?id=${other.body.id}`, { headers })).status, 200)
  t.match(await call('GET', `/api/keys/${other.body.id}`, { headers }), { body: { status: 'active' } })
})

t.test('a HEAD takes input from its query as the GET does', async (t) => {
  const { auth: headers } = await server.tenant()
  t.equal((await call('HEAD', '/api/campaigns?limit=5', { headers })).status, 200)
  t.equal((await call('HEAD', '/api/campaigns?limit=none', { headers })).status, 400)
})
