import postgres from 'postgres'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

const { app, call, tenant, databaseUrl } = await testApp(t)
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

async function newKey(auth: Record<string, string>, facts: object = {}) {
  const { status, body } = await call('POST', '/api/keys', { headers: auth, body: { name: 'K', ...facts } })
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`)
  return { id: body.id as string, auth: bearer(body.key) }
}

t.test('of two keys that revoke each other at once, at least one ends, and nobody gets a 5xx', async (t) => {
  const owner = await tenant()
  for (let round = 0; round < 5; round += 1) {
    const [one, two] = await Promise.all([newKey(owner.auth), newKey(owner.auth)])
    const answers = await Promise.all([
      call('DELETE', `/api/keys/${two.id}`, { headers: one.auth }),
      call('DELETE', `/api/keys/${one.id}`, { headers: two.auth }),
    ])
    const statuses = answers.map(({ status }) => status).sort()
    t.ok(['200,401', '200,200'].includes(statuses.join()), `${statuses}`)
  }
})

t.test('a key that revokes itself twice at once ends once', async (t) => {
  const owner = await tenant()
  const { id, auth } = await newKey(owner.auth)
  const answers = await Promise.all([1, 2, 3].map(() => call('DELETE', '/api/keys/self', { headers: auth })))
  const statuses = answers.map(({ status }) => status)
  t.ok(statuses.includes(200))
  t.ok(
    statuses.every((status) => [200, 401].includes(status)),
    `${statuses}`,
  )
  const { body } = await call('GET', `/api/audit?target=${id}`, { headers: owner.auth })
  const revocations = body.audit.filter(({ action }: { action: string }) => action === 'key.revoked')
  t.equal(revocations.length, 1)
})

t.test('a replay has the first answer, hashes nothing, and reports nothing again', async (t) => {
  const owner = await tenant()
  const headers = { ...owner.auth, 'idempotency-key': 'one-key' }
  const first = await call('POST', '/api/keys', { headers, body: { name: 'Once' } })
  const again = await call('POST', '/api/keys', { headers, body: { name: 'Once' } })
  t.equal(again.headers['idempotent-replayed'], 'true')
  t.same(again.body, first.body)
  const other = await call('POST', '/api/keys', { headers, body: { name: 'Another' } })
  t.equal(other.status, 422)
  t.equal(other.body.error.reason, 'idempotency_key_reused')
  const { body } = await call('GET', '/api/events?type=key.created', { headers: owner.auth })
  const about = body.events.filter(({ data }: { data: { id: string } }) => data.id === first.body.id)
  t.equal(about.length, 1)
})

t.test('what fails in the transaction leaves no event, no audit record and no kept answer', async (t) => {
  const owner = await tenant()
  const headers = { ...owner.auth, 'idempotency-key': 'fails' }
  const body = { name: 'Past', expiresAt: '2001-01-01T00:00:00.000Z' }
  t.equal((await call('POST', '/api/keys', { headers, body })).status, 400)
  const good = await call('POST', '/api/keys', { headers, body: { name: 'Future' } })
  t.equal(good.status, 201, 'the Idempotency-Key can be used again')
  const { body: events } = await call('GET', '/api/events?type=key.created', { headers: owner.auth })
  t.notOk(events.events.some(({ data }: { data: { name: string } }) => data.name === 'Past'))
})

t.test('a receipt names the instance that answers', async (t) => {
  const owner = await tenant()
  const { id } = await newKey(owner.auth)
  const { body } = await call('DELETE', `/api/keys/${id}`, { headers: owner.auth })
  t.same(
    body.receipt.replicas.map((one: { id: string }) => one.id),
    [app.changes.id],
  )
})

t.test('an operation that a key may not use is refused before its body is looked at', async (t) => {
  const owner = await tenant()
  const { auth } = await newKey(owner.auth, { scopes: ['campaigns:read'] })
  const { status, body } = await call('POST', '/api/keys', { headers: auth, body: { nonsense: true } })
  t.equal(status, 403)
  t.equal(body.error.reason, 'scope_missing')
})

t.test(
  'an operation on a person locks the user before the session: two of one person take turns',
  async (t) => {
    const { accessToken, userId } = await tenant()
    const auth = bearer(accessToken)
    const { body } = await call('GET', '/api/auth/sessions', { headers: auth })
    const [{ id }] = body.sessions
    const outside = postgres(databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
    t.teardown(() => outside.end())
    let answer: ReturnType<typeof call> | undefined
    await outside.begin(async (tx) => {
      await tx`select from users where id = ${userId} for no key update`
      answer = call('DELETE', '/api/auth/sessions', { headers: auth })
      const waiting = async () =>
        (
          await outside`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
        ).length > 0
      await until(waiting, 'the operation to wait for the user')
      t.equal((await tx`select from sessions where id = ${id} for update skip locked`).length, 1)
    })
    t.equal((await answer)?.status, 204)
  },
)

// As for a request that is under way while the organization is erased.
t.test('a read for an organization that is gone is refused as its credential is', async (t) => {
  const sql = postgres(databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  for (const path of ['/api/organization', '/api/sandbox/clock']) {
    const { auth, organizationId } = await tenant()
    t.equal((await call('GET', path, { headers: auth })).status, 200, path)
    await sql`delete from organizations where id = ${organizationId}`
    const { status, body } = await call('GET', path, { headers: auth })
    t.equal(status, 401, path)
    t.equal(body.error.code, 'UNAUTHORIZED')
  }
})

t.test('the clock of an organization that is gone shows the real time', async (t) => {
  const [row] =
    await app.database`select organization_clock('org_gone') - clock_timestamp() < '1 minute' as near`
  t.equal(row?.near, true)
})
