import { randomBytes } from 'node:crypto'
import t from 'tap'
import { DEVICE_SECONDS, markDevice, readDevice } from '../../operations/authentication/known-device.ts'
import { bearer, mailingApp } from '../support/people.ts'

const FREE = 5

// The count was kept by session, and a switch of organizations opens a new session.
t.test('passwords that are guessed in a session count for the user, in every session', async (t) => {
  const { call, tenant, invited, app } = await mailingApp(t, { AUTH_FAILURES_PER_MINUTE: '100' })
  const one = await tenant()
  const other = await tenant()
  const { token } = await invited(one, 'viewer', other.email)
  await call('POST', '/api/members/invitations/accept', { body: { token, password: other.password } })
  const organizations = [one.organizationId, other.organizationId]
  const guess = (accessToken: string, currentPassword: string) =>
    call('POST', '/api/auth/password/change', {
      headers: bearer(accessToken),
      body: { currentPassword, newPassword: 'a good new password' },
    })
  let { accessToken } = other
  for (let index = 0; index <= FREE; index += 1) {
    t.equal((await guess(accessToken, 'a guess')).status, 401)
    const switched = await call('POST', '/api/auth/switch', {
      headers: bearer(accessToken),
      body: { organizationId: organizations[index % 2] },
    })
    ;({ accessToken } = switched.body)
  }
  // For longer than a slow machine takes from one line to the next.
  await app.database`update login_brakes set not_before = now() + interval '1 minute' where failures > ${FREE}`
  const refused = await guess(accessToken, other.password)
  t.match(refused, { status: 429, body: { error: { reason: 'too_many_tries' } } })
  const { body } = await call('POST', '/api/auth/login', {
    body: { email: other.email, password: other.password, organizationId: other.organizationId },
  })
  t.equal(
    (await guess(body.accessToken, other.password)).status,
    429,
    'nor does a new log-in reset the count',
  )
  t.equal(
    (await call('DELETE', '/api/auth/sessions', { headers: bearer(body.accessToken) })).status,
    204,
    'but with it the owner ends the sessions of the thief',
  )
})

t.test('the mark of a known device is good for one account and 90 days', async (t) => {
  const key = randomBytes(32)
  const now = Date.now()
  const mark = markDevice(key, 'Ada@example.com', now)
  t.match(readDevice(key, 'ada@example.com', mark, now), /^\w{22}$/)
  t.equal(readDevice(key, 'bob@example.com', mark, now), null)
  t.equal(readDevice(key, 'ada@example.com', mark, now + DEVICE_SECONDS * 1000), null, 'expired')
  const [nonce, end, mac] = mark.split('.')
  t.equal(readDevice(key, 'ada@example.com', `${nonce}.${Number(end) + 1}.${mac}`, now), null, 'prolonged')
  t.equal(readDevice(key, 'ada@example.com', null, now), null)
})
