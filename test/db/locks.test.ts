import postgres from 'postgres'
import t, { type Test } from 'tap'
import type { Queryable } from '../../db/connect.ts'
import { lockOrder } from '../../db/locks.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../support/app.ts'
import { tokenOf } from '../support/mail.ts'
import { bearer, mailingApp } from '../support/people.ts'
import { until } from '../support/until.ts'

// Three instances: each has ten connections, and every call of a crowd needs one.
const server = await mailingApp(t)
const { tenant, invited, smtp, app } = server
const instances = [server, await testApp(t, {}, server), await testApp(t, {}, server)]
let turn = 0
const call: TestApp['call'] = (...request) => {
  turn += 1
  return (instances[turn % instances.length] as TestApp).call(...request)
}
// A bare connection, whose locks no test looks at.
const blocker = postgres(server.databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
t.teardown(() => blocker.end())

type Call = () => Promise<Answer>

/** Starts calls while a row is held, so that all of them are under way at once, and lets them go together. */
async function atOnce(hold: (tx: Queryable) => Promise<unknown>, calls: readonly Call[]) {
  let answers: Promise<Answer[]> = Promise.resolve([])
  await blocker.begin(async (tx) => {
    await hold(tx)
    let done = 0
    answers = Promise.all(
      calls.map((each) =>
        each().finally(() => {
          done += 1
        }),
      ),
    )
    const waiting = async () => {
      const rows = await blocker`
        select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
      return rows.length + done >= calls.length
    }
    await until(waiting, 'every call to wait or to be answered')
  })
  return answers
}

/** No deadlock, nothing that failed for another reason of ours. */
function nothingFailed(test: Test, answers: readonly Answer[]) {
  for (const { status, body } of answers) {
    test.ok(status < 500 && status !== 429, `${status} ${JSON.stringify(body?.error ?? '')}`)
  }
}
/** A change of address that the new address has confirmed, and the token that completes it. */
async function halfChanged(person: Pick<Tenant, 'accessToken' | 'password' | 'email'>) {
  const email = `moved-${person.email}`
  await call('POST', '/api/me/email', {
    headers: bearer(person.accessToken),
    body: { email, password: person.password },
  })
  const fromNew = tokenOf(await smtp.take(email))
  const fromOld = tokenOf(await smtp.take(person.email, 'Allow the change'))
  await call('POST', '/api/me/email/confirm', { body: { token: fromNew } })
  return fromOld
}

const holdUser = (userId: string) => (tx: Queryable) => tx`select from users where id = ${userId} for update`

t.test('the order names each kind once', async (t) => {
  t.same([...new Set(lockOrder)], lockOrder)
})

// The change locked its own row and then the user, the erasure the user and then, by cascade, the change's row.
t.test('an erasure and a change of address do not wait for each other', async (t) => {
  for (let round = 0; round < 4; round += 1) {
    const person = await tenant()
    const token = await halfChanged(person)
    const erase = () =>
      call('DELETE', '/api/me', {
        headers: bearer(person.accessToken),
        body: { password: person.password, eraseOrganizations: true },
      })
    const confirm = () => call('POST', '/api/me/email/confirm', { body: { token } })
    const calls = round % 2 ? [erase, confirm] : [confirm, erase]
    nothingFailed(t, await atOnce(holdUser(person.userId), calls))
    t.equal((await app.database`select from users where id = ${person.userId}`).length, 0)
  }
})

// Each write holds its key and waits for the organization. The erasure holds the organization and waits for the keys.
t.test('an erasure of an organization and the writes of its keys both come to an end', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const person = await tenant()
    const mine = bearer(person.accessToken)
    const erase = () =>
      call('DELETE', '/api/me', {
        headers: mine,
        body: { password: person.password, eraseOrganizations: true },
      })
    const write = () => call('POST', '/api/campaigns', { headers: person.auth, body: { name: 'A campaign' } })
    const invite = () =>
      call('POST', '/api/members/invitations', {
        headers: mine,
        body: { email: `guest-${person.email}`, role: 'viewer' },
      })
    const answers = await atOnce(
      (tx) => tx`select from organizations where id = ${person.organizationId} for update`,
      [write, invite, erase, write, invite, write],
    )
    nothingFailed(t, answers)
    t.equal(answers[2]?.status, 204)
    const left = await app.database`select from organizations where id = ${person.organizationId}`
    t.equal(left.length, 0)
  }
})

t.test('everything that can be done to one person at once', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const owner = await tenant()
    const person = await tenant()
    const elsewhere = await tenant()
    await call('POST', '/api/members/invitations/accept', {
      body: { token: (await invited(owner, 'admin', person.email)).token, password: person.password },
    })
    const { body: switched } = await call('POST', '/api/auth/switch', {
      headers: bearer(person.accessToken),
      body: { organizationId: owner.organizationId },
    })
    const mine = bearer(switched.accessToken)
    const theirs = bearer(owner.accessToken)
    const { body: key } = await call('POST', '/api/keys', { headers: mine, body: { name: 'Mine' } })
    await call('POST', '/api/members/invitations', {
      headers: { ...mine, 'x-api-key': key.key },
      body: { email: `guest-${person.email}`, role: 'viewer' },
    })
    const { id: sent } = await invited(owner, 'viewer', `other-${person.email}`)
    const { token: joining } = await invited(elsewhere, 'member', person.email)
    const changing = await halfChanged(person)
    await call('POST', '/api/auth/password/forgot', { body: { email: person.email } })
    const reset = tokenOf(await smtp.take(person.email, 'Set a new password'))
    const { email, password, userId } = person
    const calls: Call[] = [
      () => call('POST', '/api/me/email/confirm', { body: { token: changing } }),
      () => call('POST', '/api/auth/password/reset', { body: { token: reset, password: 'a brand new one' } }),
      () =>
        call('POST', '/api/auth/login', {
          body: { email, password, organizationId: owner.organizationId },
        }),
      () => call('POST', '/api/auth/refresh', { body: { refreshToken: switched.refreshToken } }),
      () => call('POST', '/api/auth/refresh', { body: { refreshToken: person.refreshToken } }),
      () => call('POST', '/api/auth/logout', { headers: bearer(person.accessToken) }),
      () =>
        call('POST', '/api/auth/switch', {
          headers: mine,
          body: { organizationId: person.organizationId },
        }),
      () => call('PATCH', '/api/me', { headers: mine, body: { name: 'Another' } }),
      () => call('DELETE', '/api/auth/sessions', { headers: mine }),
      () => call('POST', '/api/members/invitations/accept', { body: { token: joining, password } }),
      () => call('PATCH', `/api/members/${userId}`, { headers: theirs, body: { role: 'member' } }),
      () => call('POST', '/api/members/end-sessions', { headers: theirs, body: { userId } }),
      () => call('DELETE', `/api/members/${userId}`, { headers: theirs }),
      () => call('POST', `/api/members/invitations/${sent}/resend`, { headers: theirs }),
      () => call('DELETE', `/api/keys/${key.id}`, { headers: theirs }),
      () => call('POST', `/api/keys/${key.id}/rotate`, { headers: theirs }),
      () => call('POST', '/api/keys', { headers: theirs, body: { name: 'Another' } }),
      () => call('PATCH', '/api/organization', { headers: theirs, body: { name: 'Renamed' } }),
      () => call('DELETE', '/api/me', { headers: mine, body: { password, eraseOrganizations: true } }),
    ]
    // Begun in another order each time.
    const turned = [...calls.slice(round * 5), ...calls.slice(0, round * 5)]
    const hold = async (tx: Queryable) => {
      await holdUser(userId)(tx)
      await tx`select from organizations where id = ${owner.organizationId} for update`
    }
    nothingFailed(t, await atOnce(hold, round % 2 ? turned : turned.reverse()))
    await app.sessionUse.flush()
  }
})

t.test('of many who want the last place, as many get it as there are', async (t) => {
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const FREE = { keys: 10_000, webhooks: 100, members: 1000 }
  const PLACES = 3
  const { organizationId } = owner
  const fill = {
    keys: () => app.database`
      insert into keys (organization_id, id, public_id, prefix, name, stage, secret_hash, secret_tag, scopes)
      select ${organizationId}, 'key_fill' || n, 'fill' || n, 'sk_dev_', 'Filling', 'development', 'none', 0, '{*}'
      from generate_series(1, ${FREE.keys - PLACES - 1}) as n`,
    webhooks: () => app.database`
      insert into webhooks (organization_id, id, url, events, secrets)
      select ${organizationId}, 'whk_fill' || n, 'https://fill.example', '{}', ''
      from generate_series(1, ${FREE.webhooks - PLACES}) as n`,
  }
  const make = {
    keys: () => call('POST', '/api/keys', { headers, body: { name: 'A key' } }),
    webhooks: () =>
      call('POST', '/api/webhooks', {
        headers,
        body: { url: 'https://hooks.example.com/x', events: ['key.created'] },
      }),
  }
  for (const kind of ['keys', 'webhooks'] as const) {
    await fill[kind]()
    const answers = await atOnce(
      (tx) => tx`select from organizations where id = ${organizationId} for update`,
      Array.from({ length: 2 * PLACES }, () => make[kind]),
    )
    const made = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ body }) => body.error?.reason === 'plan_limit')
    t.equal(made.length, PLACES, `${kind}: ${JSON.stringify(answers[0]?.body)}`)
    t.equal(refused.length, PLACES)
  }
  await app.database`
    insert into keys (organization_id, id, public_id, prefix, name, stage, secret_hash, secret_tag, scopes)
    select ${organizationId}, 'key_more' || n, 'more' || n, 'sk_dev_', 'Filling', 'development', 'none', 0, '{*}'
    from generate_series(1, ${FREE.keys - 1}) as n`
  const rotate = (id: string) => call('POST', `/api/keys/${id}/rotate`, { headers })
  const { body: successor } = await rotate(owner.keyId)
  t.match(successor, { status: 'active' }, 'a full plan still rotates')
  const again = await rotate(successor.id)
  t.match(again, { status: 403, body: { error: { reason: 'plan_limit' } } }, 'but not without end')

  const guests = await Promise.all(Array.from({ length: 2 * PLACES }, () => invited(owner, 'viewer')))
  await app.database`
    insert into users (id, email, name, password_hash)
    select 'usr_fill' || n, 'fill' || n, 'Filling', 'none' from generate_series(1, ${FREE.members}) as n`
  await app.database`
    insert into memberships (organization_id, user_id, role)
    select ${organizationId}, 'usr_fill' || n, 'viewer' from generate_series(1, ${FREE.members - PLACES - 1}) as n`
  const accepted = await atOnce(
    (tx) => tx`select from organizations where id = ${organizationId} for update`,
    guests.map(
      ({ token }, index) =>
        () =>
          call('POST', '/api/members/invitations/accept', {
            body: { token, name: `Guest ${index}`, password: `a long password ${index}` },
          }),
    ),
  )
  t.equal(accepted.filter(({ status }) => status === 200).length, PLACES)
  t.equal(accepted.filter(({ body }) => body.error?.reason === 'plan_limit').length, PLACES)
})
