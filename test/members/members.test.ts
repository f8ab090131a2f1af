import t from 'tap'
import { testApp } from '../support/app.ts'
import { bearer, mailingApp, someEmail } from '../support/people.ts'

const server = await mailingApp(t)

t.test('invite, accept as a new user, list, change the role, remove', async (t) => {
  const { call, tenant, invited, app } = server
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const { email, token, id } = await invited(owner, 'member')

  const pending = await call('GET', '/api/members/invitations', { headers })
  t.match(pending.body.invitations, [
    { id, email, role: 'member', status: 'pending', invitedBy: owner.userId },
  ])
  const stored = await app.database`select * from invitations`
  t.notMatch(JSON.stringify(stored), token, 'the hash alone is kept')

  const nameless = await call('POST', '/api/members/invitations/accept', {
    body: { token, password: 'quite a long one' },
  })
  t.equal(nameless.status, 400)
  t.match(nameless.body.error.details, [{ path: 'body.name' }])
  const common = await call('POST', '/api/members/invitations/accept', {
    body: { token, name: 'New', password: 'password123' },
  })
  t.equal(common.status, 400)

  const accepted = await call('POST', '/api/members/invitations/accept', {
    body: { token, name: 'New', password: 'quite a long one' },
  })
  t.equal(accepted.status, 200)
  t.match(accepted.body, {
    user: { email, name: 'New', role: 'member' },
    organization: { id: owner.organizationId },
  })
  t.equal(accepted.headers['cache-control'], 'no-store')
  const userId = accepted.body.user.id

  const again = await call('POST', '/api/members/invitations/accept', {
    body: { token, name: 'New', password: 'quite a long one' },
  })
  t.equal(again.status, 401, 'a token can be used once')

  const listed = await call('GET', '/api/members', { headers })
  t.match(listed.body.members, [
    { userId, email, name: 'New', role: 'member' },
    { userId: owner.userId, role: 'owner' },
  ])
  t.equal(listed.body.nextCursor, null)

  const changed = await call('PATCH', `/api/members/${userId}`, { headers, body: { role: 'viewer' } })
  t.match(changed, { status: 200, body: { userId, role: 'viewer' } })
  const removed = await call('DELETE', `/api/members/${userId}`, { headers })
  t.equal(removed.status, 204)
  t.equal((await call('GET', '/api/whoami', { headers: bearer(accepted.body.accessToken) })).status, 401)
  const refresh = await call('POST', '/api/auth/refresh', {
    body: { refreshToken: accepted.body.refreshToken },
  })
  t.equal(refresh.status, 401)
  t.equal((await call('DELETE', `/api/members/${userId}`, { headers })).status, 404)

  const log = await app.database<{ action: string; changes: string }[]>`
    select action, changes from audit_records where organization_id = ${owner.organizationId} order by sequence`
  t.match(
    log.map(({ action }) => action).filter((action) => action.startsWith('member.')),
    ['member.invited', 'member.joined', 'member.changed', 'member.removed'],
  )
  t.notMatch(JSON.stringify(log), email, 'no address in the audit log')
})

t.test('an existing user accepts with their password, and then has a choice at log-in', async (t) => {
  const { call, tenant, invited } = server
  const one = await tenant()
  const other = await tenant()
  const { token } = await invited(one, 'admin', other.email)
  const accept = (body: object) =>
    call('POST', '/api/members/invitations/accept', { body: { token, ...body } })

  t.equal((await accept({ password: 'not that one' })).status, 401)
  const joined = await accept({ password: other.password, name: 'Ignored' })
  t.equal(joined.status, 200)
  t.match(joined.body, {
    user: { id: other.userId, name: 'Owner', role: 'admin' },
    organization: { id: one.organizationId },
  })

  const { email, password } = other
  const choice = await call('POST', '/api/auth/login', { body: { email, password } })
  t.equal(choice.status, 409)
  t.equal(choice.body.accessToken, undefined)
  t.equal(choice.body.error.code, 'CONFLICT')
  t.match(choice.body.organizations, [
    { id: other.organizationId, role: 'owner' },
    { id: one.organizationId, role: 'admin' },
  ])
  const wrong = await call('POST', '/api/auth/login', { body: { email, password: 'not that one' } })
  t.equal(wrong.status, 401, 'the choice is shown to who knows the password')
  t.equal(wrong.body.organizations, undefined)
  const named = await call('POST', '/api/auth/login', {
    body: { email, password, organizationId: one.organizationId },
  })
  t.match(named, { status: 200, body: { organization: { id: one.organizationId }, user: { role: 'admin' } } })
})

t.test('resending ends the old link, withdrawing ends both', async (t) => {
  const { call, tenant, invited, smtp, app } = server
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const { email, token, id } = await invited(owner, 'viewer')
  const twice = await call('POST', '/api/members/invitations', { headers, body: { email, role: 'admin' } })
  t.equal(twice.status, 409)

  const resent = await call('POST', `/api/members/invitations/${id}/resend`, { headers })
  t.match(resent, { status: 200, body: { id, status: 'pending' } })
  t.equal(resent.body.token, undefined, 'with a mail server the token is in the mail alone')
  const next = (await smtp.take(email)).text.match(/#token=(mt_\w+)/)?.[1]
  t.not(next, token)
  const accept = (text: unknown) =>
    call('POST', '/api/members/invitations/accept', {
      body: { token: text, name: 'New', password: 'quite a long one' },
    })
  t.equal((await accept(token)).status, 401)

  t.equal((await call('DELETE', `/api/members/invitations/${id}`, { headers })).status, 204)
  t.equal((await accept(next)).status, 401)
  t.equal((await call('DELETE', `/api/members/invitations/${id}`, { headers })).status, 409)
  t.equal((await call('POST', `/api/members/invitations/${id}/resend`, { headers })).status, 409)
  const withdrawn = await call('GET', '/api/members/invitations?status=withdrawn', { headers })
  t.match(withdrawn.body.invitations, [{ id, status: 'withdrawn' }])

  const late = await invited(owner, 'viewer')
  await app.database`update invitations set expires_at = now() - interval '1 second' where id = ${late.id}`
  t.equal((await accept(late.token)).status, 401)
  const expired = await call('GET', '/api/members/invitations?status=expired', { headers })
  t.match(expired.body.invitations, [{ id: late.id, status: 'expired' }])
  await invited(owner, 'viewer', late.email)
  t.equal((await accept('mt_nonsense')).status, 401)
})

t.test('everyone may leave, but the last owner', async (t) => {
  const { call, tenant, join } = server
  const owner = await tenant()
  const viewer = await join(owner, 'viewer')
  const headers = bearer(owner.accessToken)
  t.equal((await call('DELETE', `/api/members/${viewer.userId}`, { headers: viewer.auth })).status, 204)
  t.equal((await call('GET', '/api/whoami', { headers: viewer.auth })).status, 401)
  for (const attempt of [
    await call('DELETE', `/api/members/${owner.userId}`, { headers }),
    await call('PATCH', `/api/members/${owner.userId}`, { headers, body: { role: 'admin' } }),
  ]) {
    t.match(attempt, { status: 409, body: { error: { message: /last owner/ } } })
  }
})

t.test('a removed member’s keys stay, are marked, and the owners are told', async (t) => {
  const { call, tenant, join, smtp, invited } = server
  const owner = await tenant()
  const admin = await join(owner, 'admin')
  const made = await call('POST', '/api/keys', { headers: admin.auth, body: { name: 'Left behind' } })
  const second = await invited(admin, 'viewer')
  const headers = bearer(owner.accessToken)
  t.equal((await call('DELETE', `/api/members/${admin.userId}`, { headers })).status, 204)

  t.equal((await call('GET', '/api/whoami', { headers: bearer(made.body.key) })).status, 200)
  const key = await call('GET', `/api/keys/${made.body.id}`, { headers })
  t.match(key.body, { status: 'active', createdBy: admin.userId, creatorLeftAt: String })
  const mail = await smtp.take(owner.email)
  t.match(mail.text, 'Left behind')
  const invitations = await call('GET', '/api/members/invitations?status=withdrawn', { headers })
  t.match(invitations.body.invitations, [{ id: second.id }], 'what they invited to is withdrawn')
  const refused = await call('POST', '/api/members/invitations', {
    headers: bearer(made.body.key),
    body: { email: someEmail(), role: 'owner' },
  })
  t.equal(refused.status, 403, 'a key whose maker has left makes no owner')

  const back = await invited(owner, 'viewer', admin.email)
  await call('POST', '/api/members/invitations/accept', {
    body: { token: back.token, password: admin.password },
  })
  const after = await call('GET', `/api/keys/${made.body.id}`, { headers })
  t.equal(after.body.creatorLeftAt, null)
})

t.test('in a sandbox without a mail server who invites is shown the token, also in a replay', async (t) => {
  const { call, tenant } = await testApp(t)
  const owner = await tenant()
  const headers = { ...bearer(owner.accessToken), 'idempotency-key': 'once' }
  const body = { email: someEmail(), role: 'member' }
  const first = await call('POST', '/api/members/invitations', { headers, body })
  const second = await call('POST', '/api/members/invitations', { headers, body })
  t.equal(first.status, 201)
  t.match(first.body.token, /^mt_/)
  t.same(second.body, first.body)
  t.equal(second.headers['idempotent-replayed'], 'true')
})

t.test('production without SMTP_URL says so', async (t) => {
  const { call, tenant } = await testApp(t, {
    ANTEROOM_ENV: 'production',
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  }).then((server) => server)
  const forgot = await call('POST', '/api/auth/password/forgot', { body: { email: someEmail() } })
  t.match(forgot, { status: 503, body: { error: { code: 'UNAVAILABLE', message: /SMTP_URL/ } } })
  await t.rejects(tenant(), /closed/)
})

t.test('a plan that is full says which limit', async (t) => {
  const { call, tenant, app } = server
  const owner = await tenant()
  await app.database`
    insert into users (id, email, name, password_hash)
    select 'usr_' || n, n || '@many.example', 'Many', '' from generate_series(1, 1000) as n`
  await app.database`
    insert into memberships (organization_id, user_id, role)
    select ${owner.organizationId}, 'usr_' || n, 'viewer' from generate_series(1, 999) as n`
  const refused = await call('POST', '/api/members/invitations', {
    headers: bearer(owner.accessToken),
    body: { email: someEmail(), role: 'viewer' },
  })
  t.match(refused, { status: 403, body: { error: { message: /members/ } } })
})
