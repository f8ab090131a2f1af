import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import postgres from 'postgres'
import t from 'tap'
import type { Answer, Tenant } from '../support/app.ts'
import { bearer, mailingApp } from '../support/people.ts'
import { until } from '../support/until.ts'

const { call, tenant, join, databaseUrl } = await mailingApp(t)
// A bare connection, whose locks no test looks at.
const blocker = postgres(databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
t.teardown(() => blocker.end())

/** How many deadlocks PostgreSQL resolves while the work is done. */
async function deadlocksDuring(work: () => Promise<unknown>): Promise<number> {
  let deadlocks = 0
  const count = () => {
    deadlocks += 1
  }
  subscribe('anteroom.deadlock', count)
  await work().finally(() => unsubscribe('anteroom.deadlock', count))
  return deadlocks
}

// The write holds its key, and needs the organization later. An erasure that held the organization would wait for the key.
t.test(
  'the erasure of an organization lets a write that is under way finish, without a deadlock',
  async (t) => {
    const person = await tenant()
    const headers = person.auth
    const { body } = await call('POST', '/api/campaigns', { headers, body: { name: 'A campaign' } })
    const calls: Promise<Answer>[] = []
    const deadlocks = await deadlocksDuring(async () => {
      await blocker.begin(async (tx) => {
        await tx`select from campaigns where id = ${body.id} for update`
        calls.push(call('PATCH', `/api/campaigns/${body.id}`, { headers, body: { name: 'Another name' } }))
        await until(waiting(1), 'the write to wait for its campaign')
        calls.push(eraseAll(person))
        await until(waiting(2), 'the erasure to wait')
      })
      await Promise.all(calls)
    })
    t.strictSame(
      (await Promise.all(calls)).map(({ status }) => status),
      [200, 204],
    )
    t.equal(deadlocks, 0)
  },
)

// One membership, two sessions and a key: whoever locks the membership last holds what the other one waits for.
t.test('an erasure and writes by other credentials of the same person lock them in one order', async (t) => {
  const person = await tenant()
  const { body: login } = await call('POST', '/api/auth/login', {
    body: { email: person.email, password: person.password },
  })
  const both = { 'x-api-key': person.key, ...bearer(login.accessToken) }
  const calls: Promise<Answer>[] = []
  const deadlocks = await deadlocksDuring(async () => {
    await blocker.begin(async (tx) => {
      await tx`select from memberships where user_id = ${person.userId} for update`
      calls.push(eraseAll(person))
      await until(waiting(1), 'the erasure to wait for the membership')
      calls.push(call('POST', '/api/campaigns', { headers: both, body: { name: 'A campaign' } }))
      await until(waiting(2), 'the write to wait for the membership')
    })
    await Promise.all(calls)
  })
  t.strictSame(
    (await Promise.all(calls)).map(({ status }) => status),
    [204, 401],
  )
  t.equal(deadlocks, 0)
})

// The write holds the member's rights and needs the organization. Whoever takes the rights away needs both.
t.test('a changed role and a write of that member lock them in one order', async (t) => {
  const owner = await tenant()
  const { userId, auth } = await join(owner, 'admin')
  const calls: Promise<Answer>[] = []
  const deadlocks = await deadlocksDuring(async () => {
    await blocker.begin(async (tx) => {
      await tx`select from organizations where id = ${owner.organizationId} for update`
      calls.push(
        call('PATCH', `/api/members/${userId}`, {
          headers: bearer(owner.accessToken),
          body: { role: 'viewer' },
        }),
      )
      await until(waiting(1), 'the change to wait')
      calls.push(call('POST', '/api/keys', { headers: auth, body: { name: 'A key' } }))
      await until(waiting(2), 'the write to wait')
    })
    await Promise.all(calls)
  })
  t.strictSame(
    (await Promise.all(calls)).map(({ status }) => status),
    [200, 403],
  )
  t.equal(deadlocks, 0)
})

function eraseAll(person: Pick<Tenant, 'accessToken' | 'password'>) {
  const body = { password: person.password, eraseOrganizations: true }
  return call('DELETE', '/api/me', { headers: bearer(person.accessToken), body })
}

function waiting(number: number) {
  return async () => {
    const rows = await blocker`
      select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    return rows.length >= number
  }
}
