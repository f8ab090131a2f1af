import t from 'tap'
import { bearer, mailingApp } from '../support/people.ts'
import { codeOf } from '../support/totp.ts'

t.test('who changes how they log in is told by e-mail, and it is in the audit log', async (t) => {
  const { app, call, tenant, smtp } = await mailingApp(t)
  const { email, password, accessToken, userId } = await tenant()
  const headers = bearer(accessToken)
  const body = { currentPassword: password, newPassword: 'an even longer password' }
  t.equal((await call('POST', '/api/auth/password/change', { headers, body })).status, 204)
  t.match((await smtp.take(email)).subject, /password was changed/)

  const begun = await call('POST', '/api/auth/totp', { headers })
  const code = await codeOf(begun.body.secret)
  t.equal((await call('POST', '/api/auth/totp/confirm', { headers, body: { code } })).status, 200)
  t.match((await smtp.take(email)).subject, /second factor was set up/)

  const removal = { headers, body: { password: body.newPassword } }
  t.equal((await call('DELETE', '/api/auth/totp', removal)).status, 204)
  const removed = await smtp.take(email)
  t.match(removed.subject, /second factor was taken away/)
  t.notMatch(removed.text + removed.html, new RegExp(begun.body.secret))

  const rows = await app.database`
    select action, actor_type from audit_records where target_id = ${userId} and target_type = 'user' order by id`
  t.match(rows, [
    { action: 'user.password_changed', actorType: 'user' },
    { action: 'user.totp_added' },
    { action: 'user.totp_removed' },
  ])
})

t.test('an admin ends the sessions of a member, and not those of an owner', async (t) => {
  const server = await mailingApp(t)
  const owner = await server.tenant()
  const admin = await server.join(owner, 'admin')
  const viewer = await server.join(owner, 'viewer')
  const end = (as: Record<string, string>, userId: string) =>
    server.call('POST', '/api/members/end-sessions', { headers: as, body: { userId } })
  const alive = async (as: Record<string, string>) =>
    (await server.call('GET', '/api/whoami', { headers: as })).status === 200

  t.equal((await end(viewer.auth, admin.userId)).status, 403)
  t.equal((await end(admin.auth, owner.userId)).status, 403)
  t.equal(await alive(viewer.auth), true)
  t.equal((await end(admin.auth, viewer.userId)).status, 204)
  t.equal(await alive(viewer.auth), false)
  t.equal(await alive(admin.auth), true)
  const stranger = await server.tenant()
  t.equal((await end(bearer(stranger.accessToken), admin.userId)).status, 404)
  t.equal(await alive(admin.auth), true)
})
