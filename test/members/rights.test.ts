import t from 'tap'
import { roleScopes } from '../../schemas/access.ts'
import { tokenOf } from '../support/mail.ts'
import { bearer, mailingApp, someEmail } from '../support/people.ts'

const server = await mailingApp(t)

t.test('nobody gives or touches more than they have', async (t) => {
  const { call, tenant, join } = server
  const owner = await tenant()
  const admin = await join(owner, 'admin')
  const member = await join(owner, 'member')
  const invite = (headers: Record<string, string>, role: string) =>
    call('POST', '/api/members/invitations', { headers, body: { email: someEmail(), role } })

  t.equal((await invite(admin.auth, 'owner')).status, 403)
  t.equal((await invite(admin.auth, 'admin')).status, 201)
  t.equal((await invite(member.auth, 'viewer')).status, 403)
  const patch = (headers: Record<string, string>, userId: string, role: string) =>
    call('PATCH', `/api/members/${userId}`, { headers, body: { role } })
  t.equal((await patch(admin.auth, owner.userId, 'viewer')).status, 403)
  t.equal((await patch(admin.auth, admin.userId, 'owner')).status, 403)
  t.equal((await patch(member.auth, member.userId, 'admin')).status, 403)
  t.equal((await call('DELETE', `/api/members/${owner.userId}`, { headers: admin.auth })).status, 403)

  const keyOf = async (headers: Record<string, string>, scopes: string[]) => {
    const made = await call('POST', '/api/keys', { headers, body: { name: 'A key', scopes } })
    return bearer(made.body.key)
  }
  const adminsKey = await keyOf(admin.auth, ['*'])
  t.equal((await invite(adminsKey, 'owner')).status, 403, 'an admin’s key makes no owner')
  t.equal((await invite(owner.auth, 'owner')).status, 201, 'an owner’s key with * does')
  const narrow = await keyOf(bearer(owner.accessToken), ['members:write'])
  t.equal((await invite(narrow, 'admin')).status, 403, 'admins may do everything: so must who makes them')
  t.equal((await invite(narrow, 'member')).status, 403)
  t.equal((await call('DELETE', `/api/members/${admin.userId}`, { headers: narrow })).status, 403)
  t.equal((await call('DELETE', `/api/members/${member.userId}`, { headers: narrow })).status, 204)
})

// Whoever invites can accept the invitation: a key that may only manage members must not become a member who may do more.
t.test('a credential gives no role that allows more than itself', async (t) => {
  const { call, tenant, join, invited } = server
  const owner = await tenant()
  const viewer = await join(owner, 'viewer')
  const keyOf = async (scopes: string[]) =>
    (await call('POST', '/api/keys', { headers: owner.auth, body: { name: 'A key', scopes } })).body
  const invite = (key: string, role: string) =>
    call('POST', '/api/members/invitations', { headers: bearer(key), body: { email: someEmail(), role } })
  const patch = (key: string, role: string) =>
    call('PATCH', `/api/members/${viewer.userId}`, { headers: bearer(key), body: { role } })

  const narrow = await keyOf(['members:write'])
  for (const [refused, scope] of [
    [await invite(narrow.key, 'viewer'), 'campaigns:read'],
    [await invite(narrow.key, 'member'), 'campaigns:read'],
    [await patch(narrow.key, 'member'), 'campaigns:write'],
  ] as const) {
    t.match(refused, { status: 403, body: { error: { reason: 'role_above_own' } } })
    t.match(refused.body.error.details[0].message, scope, 'the first scope that is missing')
  }
  const reading = roleScopes('viewer').filter((scope) => !scope.startsWith('members'))
  const reader = await keyOf(['members:write', ...reading])
  t.equal((await invite(reader.key, 'viewer')).status, 201)
  t.equal((await invite(reader.key, 'member')).status, 403)
  const writer = await keyOf(['members:write', ...roleScopes('member')])
  t.equal((await invite(writer.key, 'member')).status, 201)
  t.equal((await patch(writer.key, 'member')).status, 200)
  t.equal((await patch(narrow.key, 'viewer')).status, 200, 'taking away needs no more than members:write')

  const { id } = await invited(owner, 'member')
  const resend = (key: string) =>
    call('POST', `/api/members/invitations/${id}/resend`, { headers: bearer(key) })
  t.equal((await resend(narrow.key)).status, 403, 'a new link gives the role as well')
  t.equal((await resend(writer.key)).status, 200)
})

t.test('what was invited to with a key ends with the key, or with a scope of it', async (t) => {
  const { call, tenant, smtp } = server
  const owner = await tenant()
  const headers = owner.auth
  const scopes = ['members:write', ...roleScopes('viewer').filter((scope) => !scope.startsWith('members'))]
  const invitedWith = async () => {
    const { body: key } = await call('POST', '/api/keys', { headers, body: { name: 'A key', scopes } })
    const email = someEmail()
    await call('POST', '/api/members/invitations', {
      headers: bearer(key.key),
      body: { email, role: 'viewer' },
    })
    return { id: key.id as string, token: tokenOf(await smtp.take(email, 'accept#token=')) }
  }
  const accept = ({ token }: { token: string }) =>
    call('POST', '/api/members/invitations/accept', {
      body: { token, name: 'New', password: 'quite a long one' },
    })

  const revoked = await invitedWith()
  t.equal((await call('DELETE', `/api/keys/${revoked.id}`, { headers })).status, 200)
  t.match(await accept(revoked), { status: 401, body: { error: { reason: 'invitation_refused' } } })

  const narrowed = await invitedWith()
  const patched = await call('PATCH', `/api/keys/${narrowed.id}`, {
    headers,
    body: { scopes: ['members:write'] },
  })
  t.equal(patched.status, 200)
  t.equal((await accept(narrowed)).status, 401)

  const renamed = await invitedWith()
  await call('PATCH', `/api/keys/${renamed.id}`, { headers, body: { name: 'Another name', scopes } })
  t.equal((await accept(renamed)).status, 200)
})
