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
