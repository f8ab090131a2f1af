import t from 'tap'
import { tokenOf } from '../support/mail.ts'
import { bearer, mailingApp, someEmail } from '../support/people.ts'

const server = await mailingApp(t)

t.test('a name is changed everywhere at once', async (t) => {
  const { call, tenant } = server
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const changed = await call('PATCH', '/api/me', { headers, body: { name: 'Ada' } })
  t.match(changed, { status: 200, body: { id: owner.userId, email: owner.email, name: 'Ada' } })
  t.equal((await call('GET', '/api/whoami', { headers })).body.user.name, 'Ada')
  t.equal((await call('PATCH', '/api/me', { headers: owner.auth, body: { name: 'Key' } })).status, 403)
})

t.test('an e-mail address is changed when both addresses have confirmed it', async (t) => {
  const { call, tenant, smtp } = server
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const email = someEmail()
  const begin = (password: string, to = email) =>
    call('POST', '/api/me/email', { headers, body: { email: to, password } })
  t.equal((await begin('not that one')).status, 401)
  t.equal((await begin(owner.password, owner.email)).status, 400, 'one’s own')
  t.match(await begin(owner.password), {
    status: 202,
    body: { email: owner.email, pendingEmail: email, confirmed: { current: false, new: false } },
  })
  const fromNew = tokenOf(await smtp.take(email))
  const notice = await smtp.take(owner.email)
  t.match(notice.text, email)
  const fromOld = tokenOf(notice)
  const confirm = (token: string) => call('POST', '/api/me/email/confirm', { body: { token } })

  t.match(await confirm(fromNew), {
    status: 200,
    body: { email: owner.email, pendingEmail: email, confirmed: { current: false, new: true } },
  })
  t.match(await confirm(fromNew), { status: 200, body: { pendingEmail: email } }, 'twice is once')
  t.match(await confirm(fromOld), { status: 200, body: { email, pendingEmail: null } })
  t.equal((await confirm(fromOld)).status, 401)
  t.equal((await call('GET', '/api/whoami', { headers })).body.user.email, email)
  t.match((await smtp.take(owner.email)).text, email)
  const { password } = owner
  t.equal((await call('POST', '/api/auth/login', { body: { email, password } })).status, 200)
  t.equal((await call('POST', '/api/auth/login', { body: { email: owner.email, password } })).status, 401)
})

t.test('asking for an address does not tell whether it has an account', async (t) => {
  const { call, tenant, smtp } = server
  const asking = await tenant()
  const owner = await tenant()
  const begin = (email: string) =>
    call('POST', '/api/me/email', {
      headers: bearer(asking.accessToken),
      body: { email, password: asking.password },
    })
  const free = someEmail()
  const [forFree, forTaken] = [await begin(free), await begin(owner.email.toUpperCase())]
  for (const [answer, pendingEmail] of [
    [forFree, free],
    [forTaken, owner.email],
  ] as const) {
    t.equal(answer.status, 202)
    t.same(answer.body, {
      email: asking.email,
      pendingEmail,
      confirmed: { current: false, new: false },
    })
  }
  const told = await smtp.take(owner.email)
  t.match(told.text, 'already belongs to your account')
  t.notMatch(told.text, /mt_|token/, 'its owner gets no link')
  const mine = [await smtp.take(asking.email), await smtp.take(asking.email)]
  const links = mine.map(tokenOf)
  const confirmed = await call('POST', '/api/me/email/confirm', { body: { token: links[1] } })
  t.match(confirmed, { status: 200, body: { confirmed: { current: true, new: false } } })
})

t.test('a change of address can be cancelled, and does not take what has become somebody’s', async (t) => {
  const { call, tenant, smtp } = server
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const email = someEmail()
  await call('POST', '/api/me/email', { headers, body: { email, password: owner.password } })
  const fromNew = tokenOf(await smtp.take(email))
  const fromOld = tokenOf(await smtp.take(owner.email))
  t.equal((await call('DELETE', '/api/me/email', { headers })).status, 204)
  t.equal((await call('DELETE', '/api/me/email', { headers })).status, 404)
  t.equal((await call('POST', '/api/me/email/confirm', { body: { token: fromNew } })).status, 401)
  t.equal((await call('POST', '/api/me/email/confirm', { body: { token: fromOld } })).status, 401)

  await call('POST', '/api/me/email', { headers, body: { email, password: owner.password } })
  const tokens = [tokenOf(await smtp.take(email)), tokenOf(await smtp.take(owner.email))]
  await call('POST', '/api/auth/signup', {
    body: { email, password: 'faster than the change', name: 'Other', organizationName: 'Other' },
  })
  const statuses: number[] = []
  for (const token of tokens) {
    statuses.push((await call('POST', '/api/me/email/confirm', { body: { token } })).status)
  }
  t.same(statuses, [200, 409])
})

t.test('the export holds what is known about a person, and no key', async (t) => {
  const { call, tenant, join, app } = server
  const owner = await tenant()
  const member = await join(owner, 'admin')
  const made = await call('POST', '/api/keys', { headers: member.auth, body: { name: 'A key' } })
  await app.accessLog.flush()
  const exported = await call('GET', '/api/me/export', { headers: member.auth })
  t.equal(exported.status, 200)
  t.match(exported.headers['content-disposition'], /attachment/)
  t.equal(exported.headers['cache-control'], 'no-store')
  t.match(exported.body, {
    notice: /API keys are security credentials and are left out/,
    user: { id: member.userId, email: member.email, name: 'Member', secondFactor: false },
    memberships: [{ id: owner.organizationId, role: 'admin' }],
    invitations: [{ role: 'admin' }],
    sessions: [{ organizationId: owner.organizationId }],
    truncated: { sessions: false, audit: false, requests: false },
  })
  t.ok(exported.body.audit.some((record: { action: string }) => record.action === 'member.joined'))
  t.ok(exported.body.requests.some((record: { path: string }) => record.path === '/api/keys'))
  const text = JSON.stringify(exported.body)
  for (const secret of [
    made.body.key,
    made.body.prefix,
    member.accessToken,
    'password_hash',
    'passwordHash',
  ]) {
    t.notMatch(text, secret)
  }
})

t.test('a long history is cut at ten thousand records, and says so', async (t) => {
  const { call, tenant, app } = server
  const owner = await tenant()
  await app.database`
    insert into sessions (organization_id, id, user_id)
    select ${owner.organizationId}, 'ses_' || lpad(n::text, 26, '0'), ${owner.userId} from generate_series(1, 10001) as n`
  const exported = await call('GET', '/api/me/export', { headers: bearer(owner.accessToken) })
  t.equal(exported.body.sessions.length, 10_000)
  t.equal(exported.body.truncated.sessions, true)
  t.equal(new Set(exported.body.sessions.map((row: { id: string }) => row.id)).size, 10_000)
})

t.test('erasure leaves a pseudonym in the audit log, and nothing else', async (t) => {
  const { call, tenant, join, smtp, app } = server
  const owner = await tenant()
  const member = await join(owner, 'admin')
  await call('POST', '/api/keys', { headers: member.auth, body: { name: 'Stays' } })
  const erase = (body: object) => call('DELETE', '/api/me', { headers: member.auth, body })
  t.equal((await erase({ password: 'not that one' })).status, 401)
  t.equal((await erase({ password: member.password })).status, 204)
  t.equal((await call('GET', '/api/whoami', { headers: member.auth })).status, 401)
  const login = await call('POST', '/api/auth/login', {
    body: { email: member.email, password: member.password },
  })
  t.equal(login.status, 401)
  await smtp.take(member.email)
  t.match((await smtp.take(owner.email)).text, 'Stays')

  const audit = await call('GET', '/api/audit', { headers: bearer(owner.accessToken) })
  if (audit.status === 200) t.match(JSON.stringify(audit.body), member.userId, 'the trail stays')
  const kept = await app.database<{ text: string }[]>`
    select row_to_json(audit_records)::text as text from audit_records
    union all select row_to_json(invitations)::text from invitations
    union all select row_to_json(users)::text from users
    union all select row_to_json(sessions)::text from sessions`
  t.ok(kept.some(({ text }) => text.includes(member.userId)))
  t.notOk(kept.some(({ text }) => text.includes(member.email)))
  const keys = await call('GET', '/api/keys', { headers: bearer(owner.accessToken) })
  t.match(keys.body.keys[0], { createdBy: member.userId, creatorLeftAt: String, status: 'active' })
})

t.test(
  'a last owner is told which organizations stand in the way, and may erase those with them',
  async (t) => {
    const { call, tenant, join } = server
    const owner = await tenant()
    const headers = bearer(owner.accessToken)
    const { password } = owner
    const refused = await call('DELETE', '/api/me', { headers, body: { password } })
    t.equal(refused.status, 409)
    t.match(refused.body.error.details, [{ message: new RegExp(owner.organizationId) }])

    const member = await join(owner, 'member')
    const others = await call('DELETE', '/api/me', { headers, body: { password, eraseOrganizations: true } })
    t.equal(others.status, 409, 'not over the head of another member')
    await call('DELETE', `/api/members/${member.userId}`, { headers })
    const erased = await call('DELETE', '/api/me', { headers, body: { password, eraseOrganizations: true } })
    t.equal(erased.status, 204)
    t.equal(
      (await call('GET', '/api/whoami', { headers: owner.auth })).status,
      401,
      'the organization’s key is gone',
    )
  },
)
