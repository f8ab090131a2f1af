import t from 'tap'
import { testApp } from '../support/app.ts'
import { tokenOf } from '../support/mail.ts'
import { bearer, mailingApp } from '../support/people.ts'

const CROWD = 200
const ROUNDS = 20

/** The status codes, each with how often it came. */
function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

// Two replicas on one database.
const one = await mailingApp(t)
const other = await testApp(t, {}, one)

t.test('of two hundred who accept one invitation at once, on two replicas, one joins', async (t) => {
  const owner = await one.tenant()
  const { token, email } = await one.invited(owner, 'member')
  const answers = await Promise.all(
    Array.from({ length: CROWD }, (_, index) =>
      (index % 2 ? one : other).call('POST', '/api/members/invitations/accept', {
        body: { token, name: `Racer ${index}`, password: `a long password ${index}` },
      }),
    ),
  )
  t.same(tally(answers.map(({ status }) => status)), { 200: 1, 401: CROWD - 1 })
  t.equal((await one.app.database`select from users where email = ${email}`).length, 1)
  t.equal(
    (await one.app.database`select from memberships where organization_id = ${owner.organizationId}`).length,
    2,
  )
})

t.test('of two hundred who accept one invitation as an existing user, one joins', async (t) => {
  const owner = await one.tenant()
  const guest = await one.tenant()
  const { token } = await one.invited(owner, 'admin', guest.email)
  const answers = await Promise.all(
    Array.from({ length: CROWD }, (_, index) =>
      (index % 2 ? one : other).call('POST', '/api/members/invitations/accept', {
        body: { token, password: guest.password },
      }),
    ),
  )
  t.same(tally(answers.map(({ status }) => status)), { 200: 1, 401: CROWD - 1 })
})

t.test(
  'of two hundred who use one reset token at once, on two replicas, one sets the password',
  async (t) => {
    const one = await mailingApp(t)
    const other = await testApp(t, {}, one)
    const { email } = await one.tenant()
    await one.call('POST', '/api/auth/password/forgot', { body: { email } })
    const token = tokenOf(await one.smtp.take(email))
    const passwords = Array.from({ length: CROWD }, (_, index) => `a brand new password ${index}`)
    const answers = await Promise.all(
      passwords.map((password, index) =>
        (index % 2 ? one : other).call('POST', '/api/auth/password/reset', { body: { token, password } }),
      ),
    )
    t.same(tally(answers.map(({ status }) => status)), { 204: 1, 401: CROWD - 1 })
    const winner = passwords[answers.findIndex(({ status }) => status === 204)]
    t.equal((await one.call('POST', '/api/auth/login', { body: { email, password: winner } })).status, 200)
  },
)

t.test('of two hundred requests by which the last two owners remove each other, one succeeds', async (t) => {
  const tenant = await one.tenant()
  const second = await one.join(tenant, 'owner')
  const owners = [
    { userId: tenant.userId, headers: bearer(tenant.accessToken) },
    { userId: second.userId, headers: second.auth },
  ] as const
  const answers = await Promise.all(
    Array.from({ length: CROWD }, (_, index) => {
      const server = index % 4 < 2 ? one : other
      const [by, whom] = index % 2 ? owners : ([owners[1], owners[0]] as const)
      return server.call('DELETE', `/api/members/${whom.userId}`, { headers: by.headers })
    }),
  )
  const counts = tally(answers.map(({ status }) => status))
  t.equal(counts[204], 1)
  // 503: so many wait for one row that some wait too long.
  for (const status of Object.keys(counts)) t.ok(['204', '401', '404', '409', '503'].includes(status), status)
  const left = await one.app.database`
    select from memberships where organization_id = ${tenant.organizationId} and role = 'owner'`
  t.equal(left.length, 1)
})

t.test('of two owners who demote each other at once, again and again, one succeeds', async (t) => {
  const tenant = await one.tenant()
  const second = await one.join(tenant, 'owner')
  const first = { userId: tenant.userId, auth: bearer(tenant.accessToken) }
  for (let round = 0; round < ROUNDS; round += 1) {
    const [a, b] = await Promise.all([
      one.call('PATCH', `/api/members/${second.userId}`, { headers: first.auth, body: { role: 'admin' } }),
      other.call('PATCH', `/api/members/${first.userId}`, { headers: second.auth, body: { role: 'admin' } }),
    ])
    if ((a.status === 200) === (b.status === 200)) t.fail(`round ${round}: ${a.status} and ${b.status}`)
    const [winner, loser] = a.status === 200 ? [first, second] : [second, first]
    const restored = await one.call('PATCH', `/api/members/${loser.userId}`, {
      headers: winner.auth,
      body: { role: 'owner' },
    })
    if (restored.status !== 200) t.fail(`round ${round}: not restored, ${restored.status}`)
  }
  t.pass(`${ROUNDS} rounds with one winner each`)
})

t.test('a demoted or removed member’s next request has the new rights, on any replica', async (t) => {
  const owner = await one.tenant()
  const headers = bearer(owner.accessToken)
  const member = await one.join(owner, 'admin')
  const both = { 'x-api-key': owner.key, ...member.auth }
  const make = (server: typeof other) =>
    server.call('POST', '/api/campaigns', { headers: both, body: { name: 'By a member' } })

  for (let round = 0; round < ROUNDS; round += 1) {
    const [at, elsewhere] = round % 2 ? [one, other] : [other, one]
    t.equal((await make(elsewhere)).status, 201)
    t.equal((await make(at)).status, 201)
    const demoted = await at.call('PATCH', `/api/members/${member.userId}`, {
      headers,
      body: { role: 'viewer' },
    })
    t.equal(demoted.status, 200)
    t.equal((await make(elsewhere)).status, 403, `round ${round}: demoted, on the other replica`)
    t.equal((await make(at)).status, 403)
    await at.call('PATCH', `/api/members/${member.userId}`, { headers, body: { role: 'admin' } })
    t.equal((await make(elsewhere)).status, 201, 'and back')
  }
  t.equal((await make(other)).status, 201)
  t.equal((await one.call('DELETE', `/api/members/${member.userId}`, { headers })).status, 204)
  t.equal((await make(other)).status, 401, 'removed, on the other replica')
  t.equal((await other.call('GET', '/api/whoami', { headers: member.auth })).status, 401)
})
