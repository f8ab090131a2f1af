import t from 'tap'
import { sendPasswordReset } from '../../operations/password/forgot.ts'
import { testApp } from '../support/app.ts'
import { tokenOf } from '../support/mail.ts'
import { bearer, mailingApp, someEmail } from '../support/people.ts'
import { until } from '../support/until.ts'

t.test('a new password by e-mail ends every session, and the link can be used once', async (t) => {
  const { call, tenant, smtp, app } = await mailingApp(t)
  const owner = await tenant()
  const { email } = owner
  const forgot = (address: string) => call('POST', '/api/auth/password/forgot', { body: { email: address } })
  t.equal((await forgot(email)).status, 202)
  const mail = await smtp.take(email)
  t.match(mail.text, /\/dashboard\/reset#token=mt_/)
  const token = tokenOf(mail)
  t.notMatch(JSON.stringify(await app.database`select * from password_resets`), token)
  const reset = (password: string, text = token) =>
    call('POST', '/api/auth/password/reset', { body: { token: text, password } })

  t.equal((await reset('password123')).status, 400, 'the rules hold, and the token stays')
  t.equal((await reset('my brand new password')).status, 204)
  t.equal((await reset('my brand new password')).status, 401)
  t.equal((await call('GET', '/api/whoami', { headers: bearer(owner.accessToken) })).status, 401)
  const old = await call('POST', '/api/auth/login', { body: { email, password: owner.password } })
  t.equal(old.status, 401)
  const login = await call('POST', '/api/auth/login', { body: { email, password: 'my brand new password' } })
  t.equal(login.status, 200)
  t.match((await smtp.take(email)).subject, /changed/)
  const [logged] = await app.database`
    select action from audit_records where organization_id = ${owner.organizationId} and action = 'user.password_changed'`
  t.ok(logged)
})

t.test('an unknown address gets the same answer and no mail; an account three mails an hour', async (t) => {
  const { call, tenant, smtp, app } = await mailingApp(t)
  const owner = await tenant()
  const unknown = someEmail()
  const statuses: number[] = []
  for (const email of [unknown, ...Array.from({ length: 5 }, () => owner.email)]) {
    statuses.push((await call('POST', '/api/auth/password/forgot', { body: { email } })).status)
  }
  t.same(new Set(statuses), new Set([202]))
  for (let count = 0; count < 3; count += 1) await smtp.take(owner.email)
  await until(async () => {
    const rows = await app.database`
      select from sandbox_jobs.job_common where name = 'password_reset' and state <> 'completed'`
    return rows.length === 0
  }, 'the end of all requests')
  t.equal(smtp.received.length, 3)
  t.equal((await app.database`select from password_resets`).length, 3)
})

// Each worker counted before the others had kept their own: two at once sent four.
t.test('many who send them at once count each other’s: three mails all the same', async (t) => {
  const { app, call, tenant } = await testApp(t, { SMTP_URL: 'smtp://127.0.0.1:1' })
  const { email } = await tenant()
  for (let count = 0; count < 8; count += 1) {
    await call('POST', '/api/auth/password/forgot', { body: { email } })
  }
  const jobs = await app.database`
    select data::text from sandbox_jobs.job_common where name = 'password_reset'`
  t.equal(jobs.length, 8)
  const { database, encryptionKey, mailer } = app
  const services = { database, encryptionKey, mailer, publicUrl: () => 'http://127.0.0.1' }
  await Promise.all(jobs.map(({ data }) => sendPasswordReset(services, JSON.parse(data))))
  t.equal((await app.database`select from password_resets`).length, 3)
  t.equal((await app.database`select from sandbox_jobs.job_common where name = 'mail'`).length, 3)
})

t.test('an address that asks too often is braked', async (t) => {
  const { call } = await mailingApp(t, { AUTH_FAILURES_PER_MINUTE: '10' })
  const statuses: number[] = []
  for (let count = 0; count < 21; count += 1) {
    statuses.push((await call('POST', '/api/auth/password/forgot', { body: { email: someEmail() } })).status)
  }
  t.same(
    statuses.slice(0, 20),
    Array.from({ length: 20 }, () => 202),
  )
  t.equal(statuses[20], 429)
  const from = (address: string) =>
    call('POST', '/api/auth/password/forgot', { body: { email: someEmail() }, address })
  for (let index = 0; index < 20; index += 1) t.equal((await from(`2001:db8:0:1::${index}`)).status, 202)
  t.equal((await from('2001:db8:0:1:ffff::')).status, 429, 'a /64 of IPv6 is one address')
  t.equal((await from('2001:db8:0:2::')).status, 202)
})

t.test('an expired or invented token sets nothing', async (t) => {
  const { call, tenant, smtp, app } = await mailingApp(t)
  const owner = await tenant()
  await call('POST', '/api/auth/password/forgot', { body: { email: owner.email } })
  const token = tokenOf(await smtp.take(owner.email))
  await app.database`update password_resets set expires_at = now() - interval '1 second'`
  for (const text of [token, `${token.slice(0, -1)}x`, 'mt_', 'nonsense']) {
    const answer = await call('POST', '/api/auth/password/reset', {
      body: { token: text, password: 'my brand new password' },
    })
    t.match(answer, { status: 401, body: { error: { message: 'Invalid token' } } })
  }
  t.equal((await call('GET', `/api/auth/password/reset?token=${token}`)).status, 400, 'and no token in a URL')
})
