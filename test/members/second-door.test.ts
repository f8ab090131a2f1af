import t from 'tap'
import { newId } from '../../schemas/ids.ts'
import { bearer, mailingApp } from '../support/people.ts'
import { usedHoursAgo } from '../support/sessions.ts'
import { codeOf, wrongCode } from '../support/totp.ts'

const sameOrigin = { 'sec-fetch-site': 'same-origin' }

const server = await mailingApp(t)

t.test(
  'an existing user with a second factor needs it to accept an invitation, and to log in after the choice',
  async (t) => {
    const { call, tenant, invited } = server
    const owner = await tenant()
    const guest = await tenant()
    const headers = bearer(guest.accessToken)
    const begun = await call('POST', '/api/auth/totp', { headers })
    const secret: string = begun.body.secret
    const first = { code: await codeOf(secret) }
    const confirmed = await call('POST', '/api/auth/totp/confirm', { headers, body: first })
    t.equal(confirmed.status, 200)

    const { token } = await invited(owner, 'member', guest.email)
    const accept = (totp?: string) =>
      call('POST', '/api/members/invitations/accept', {
        body: { token, password: guest.password, ...(totp ? { totp } : {}) },
      })
    t.match(await accept(), { status: 401, body: { error: { message: 'Second factor required' } } })
    t.equal((await accept(await wrongCode(secret))).status, 401)
    // The first code's step is used up: the next one's is taken too, and still when it has begun meanwhile.
    const next = await codeOf(secret, 1)
    t.equal((await accept(next)).status, 200, 'the invitation was not used up by the tries')

    const { email, password } = guest
    const code: string = confirmed.body.recoveryCodes[0]
    for (const more of [
      {},
      { totp: await wrongCode(secret) },
      { organizationId: owner.organizationId },
      { organizationId: newId('org') },
    ]) {
      const early = await call('POST', '/api/auth/login', { body: { email, password, ...more } })
      t.equal(early.status, 401, 'no organization is told, nor denied, before the second factor')
      t.notMatch(JSON.stringify(early.body), guest.organizationId)
    }
    const choice = await call('POST', '/api/auth/login', { body: { email, password, totp: code } })
    t.equal(choice.status, 409)
    const named = await call('POST', '/api/auth/login', {
      body: { email, password, totp: code, organizationId: choice.body.organizations[0].id },
    })
    t.equal(named.status, 200, 'the code was not used up by the choice')
  },
)

t.test('switching organizations needs no new log-in and lengthens nothing', async (t) => {
  const { call, tenant, invited, app } = server
  const one = await tenant()
  const other = await tenant()
  const { token } = await invited(one, 'viewer', other.email)
  await call('POST', '/api/members/invitations/accept', { body: { token, password: other.password } })
  await usedHoursAgo(app.database, 48)
  await app.database`
    update sessions set expires_at = now() + interval '3 days'
    where organization_id = ${other.organizationId}`

  const headers = bearer(other.accessToken)
  const mine = await call('GET', '/api/me/organizations', { headers })
  t.match(mine, { status: 200, headers: { 'cache-control': 'no-store' } })
  t.same(
    mine.body.organizations.map(({ id, role }: { id: string; role: string }) => [id, role]),
    [
      [other.organizationId, 'owner'],
      [one.organizationId, 'viewer'],
    ],
  )
  t.equal(
    (await call('GET', '/api/me/organizations', { headers: bearer(other.key) })).status,
    403,
    'no person',
  )
  const switched = await call('POST', '/api/auth/switch', {
    headers,
    body: { organizationId: one.organizationId },
  })
  t.match(switched, {
    status: 200,
    body: { organization: { id: one.organizationId }, user: { role: 'viewer' } },
  })
  const who = await call('GET', '/api/whoami', { headers: bearer(switched.body.accessToken) })
  t.match(who.body, { organization: { id: one.organizationId }, user: { id: other.userId, role: 'viewer' } })
  t.equal((await call('GET', '/api/whoami', { headers })).status, 200, 'the session it came from stays')
  const [session] = await app.database`
    select expires_at < now() + interval '4 days' as bounded, uses.authenticated_at < now() - interval '1 day' as old
    from sessions join session_uses as uses on session_id = id where id = ${who.body.credential.id}`
  t.same(session, { bounded: true, old: true })

  const stranger = await tenant()
  const refused = await call('POST', '/api/auth/switch', {
    headers,
    body: { organizationId: stranger.organizationId },
  })
  t.equal(refused.status, 403)
})

t.test('the dashboard switches its cookie, and gives no tokens for it', async (t) => {
  const { call, tenant, invited } = server
  const owner = await tenant()
  const guest = await tenant()
  const { token } = await invited(owner, 'viewer', guest.email)
  await call('POST', '/api/members/invitations/accept', { body: { token, password: guest.password } })
  const { email, password } = guest
  const login = await call('POST', '/dashboard/session', {
    headers: sameOrigin,
    body: { email, password, organizationId: guest.organizationId },
  })
  const headers = { cookie: cookieOf(login.headers['set-cookie']), ...sameOrigin }
  const body = { organizationId: owner.organizationId }
  t.equal((await call('POST', '/api/auth/switch', { headers, body })).status, 403)
  const switched = await call('POST', '/dashboard/session/switch', { headers, body })
  t.match(switched, {
    status: 200,
    body: { organization: { id: owner.organizationId }, user: { role: 'viewer' } },
  })
  const next = { cookie: cookieOf(switched.headers['set-cookie']), ...sameOrigin }
  const who = await call('GET', '/api/whoami', { headers: next })
  t.match(who.body, { organization: { id: owner.organizationId }, credential: { type: 'session' } })
  t.equal((await call('GET', '/api/whoami', { headers })).status, 401, 'the cookie before ends')
  const refused = await call('POST', '/dashboard/session/switch', {
    headers: bearer(guest.accessToken),
    body,
  })
  t.equal(refused.status, 403)
  const nowhere = { organizationId: newId('org') }
  t.equal((await call('POST', '/dashboard/session/switch', { headers: next, body: nowhere })).status, 403)
})

function cookieOf(header: unknown): string {
  const lines = (Array.isArray(header) ? header : [header]).map(String)
  const line = lines.find((text) => /^(__Host-)?anteroom=/.test(text)) ?? ''
  return line.slice(0, line.indexOf(';'))
}
