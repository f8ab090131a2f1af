import t from 'tap'
import { testApp } from '../support/app.ts'

t.test('a key alone, and a key with a user, learn who they are', async (t) => {
  const { call, tenant } = await testApp(t)
  const { auth, both, organizationId, keyId, email } = await tenant()

  const alone = await call('GET', '/api/whoami', { headers: auth })
  t.equal(alone.status, 200)
  t.equal(alone.body.organization.id, organizationId)
  t.equal(alone.body.user, null)
  t.match(alone.body.credential, { type: 'api_key', id: keyId, scopes: ['*'], expiresAt: null })

  const withUser = await call('GET', '/api/whoami', { headers: both })
  t.equal(withUser.status, 200)
  t.match(withUser.body.user, { email, role: 'owner' })
  t.equal(withUser.body.credential.type, 'api_key+user')
})

t.test('what changes of the organization, the user or the key is told from then on', async (t) => {
  const { call, tenant } = await testApp(t)
  const { auth, both, keyId } = await tenant()
  const ask = async (headers: Record<string, string>) => (await call('GET', '/api/whoami', { headers })).body
  const change = async (url: string, body: unknown) =>
    t.equal((await call('PATCH', url, { headers: both, body })).status, 200, url)
  for (const headers of [auth, both]) t.same(await ask(headers), await ask(headers), 'the same twice')

  await change('/api/organization', { name: 'Renamed Ltd' })
  await change(`/api/keys/${keyId}`, { name: 'Renamed key', scopes: ['campaigns:read', 'keys:write'] })
  await change('/api/me', { name: 'Renamed Person' })
  for (const headers of [auth, both]) {
    t.match(await ask(headers), {
      organization: { name: 'Renamed Ltd' },
      credential: { name: 'Renamed key', scopes: ['campaigns:read', 'keys:write'] },
    })
  }
  t.equal((await ask(both)).user.name, 'Renamed Person')
})
