import { createHash } from 'node:crypto'
import postgres from 'postgres'
import t from 'tap'
import { type Tenant, testApp } from '../support/app.ts'

t.test('idempotency keys', async (t) => {
  const server = await testApp(t)
  const { call } = server
  const one = await server.tenant()
  const two = await server.tenant()
  const sql = postgres(server.databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  let count = 0
  const fresh = () => {
    count += 1
    return `key ${count}`
  }

  const post = (headers: Record<string, string>, key: string, body: unknown, url = '/api/campaigns') =>
    call('POST', url, { headers: { ...headers, 'idempotency-key': key }, body })
  const countOf = async ({ organizationId }: Tenant, name: string) => {
    const rows = await sql`select from campaigns where organization_id = ${organizationId} and name = ${name}`
    return rows.length
  }

  t.test('the first answer is replayed, and says so', async (t) => {
    const key = fresh()
    const first = await post(one.auth, key, { name: 'Replayed' })
    t.equal(first.status, 201)
    t.equal(first.headers['idempotent-replayed'], undefined)
    const again = await post(one.auth, key, { name: 'Replayed' })
    t.equal(again.status, 201)
    t.equal(again.headers['idempotent-replayed'], 'true')
    t.same(again.body, first.body)
    t.not(again.headers['x-request-id'], first.headers['x-request-id'])
    t.equal(await countOf(one, 'Replayed'), 1)
  })

  t.test('another request under the same key is refused', async (t) => {
    const key = fresh()
    await post(one.auth, key, { name: 'First' })
    const otherBody = await post(one.auth, key, { name: 'Other' })
    t.match(otherBody, { status: 422, body: { error: { code: 'IDEMPOTENCY_MISMATCH' } } })
    const otherPath = await post(one.auth, key, { name: 'First' }, '/api/keys')
    t.equal(otherPath.status, 422)
    t.equal(await countOf(one, 'Other'), 0)
  })

  t.test('of a crowd one does it, and the others get its answer or are told to wait', async (t) => {
    const key = fresh()
    const crowd = await Promise.all(Array.from({ length: 30 }, () => post(one.auth, key, { name: 'Crowd' })))
    const ids = new Set(crowd.filter(({ status }) => status === 201).map(({ body }) => body.id))
    t.equal(ids.size, 1)
    for (const answer of crowd) {
      if (answer.status === 201) continue
      t.match(answer, { status: 409, body: { error: { code: 'CONFLICT', message: /in flight/ } } })
      t.ok(answer.headers['retry-after'])
    }
    t.equal(await countOf(one, 'Crowd'), 1)
  })

  t.test('in flight: 409 while the first request is at it', async (t) => {
    const key = fresh()
    // What the first must wait for: its organization's row, which a new campaign refers to.
    const held = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const holding = sql.begin(async (tx) => {
      await tx`select from organizations where id = ${one.organizationId} for update`
      held.resolve()
      await release.promise
    })
    await held.promise
    const first = post(one.auth, key, { name: 'Slow' })
    const waiting = async () => {
      const [row] = await sql`select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into campaigns%'`
      return row?.count === 1
    }
    while (!(await waiting())) await new Promise((resolve) => setImmediate(resolve))
    const second = await post(one.auth, key, { name: 'Slow' })
    t.match(second, { status: 409, body: { error: { code: 'CONFLICT', message: /in flight/ } } })
    release.resolve()
    await holding
    t.equal((await first).status, 201)
    t.equal((await post(one.auth, key, { name: 'Slow' })).body.id, (await first).body.id)
  })

  t.test('callers and organizations do not meet', async (t) => {
    const key = fresh()
    const answers = [
      await post(one.auth, key, { name: 'Mine' }),
      await post(one.both, key, { name: 'Mine' }),
      await post(two.auth, key, { name: 'Theirs' }),
    ]
    t.same(
      answers.map(({ status }) => status),
      [201, 201, 201],
    )
    t.equal(new Set(answers.map(({ body }) => body.id)).size, 3)
  })

  t.test('a write that failed keeps nothing, so that it can be tried again', async (t) => {
    const key = fresh()
    const choice = { prompt: 'x', kind: 'choice' }
    const failed = await post(one.auth, key, { name: 'Again', questions: [choice] })
    t.equal(failed.status, 400)
    const right = await post(one.auth, key, {
      name: 'Again',
      questions: [{ ...choice, options: ['a', 'b'] }],
    })
    t.equal(right.status, 201)
    t.equal(right.headers['idempotent-replayed'], undefined)
  })

  t.test('what is kept of a new key does not show it', async (t) => {
    const key = fresh()
    const made = await post(one.auth, key, { name: 'Secret' }, '/api/keys')
    t.equal(made.status, 201)
    const secret: string = made.body.key
    const rows = await sql`select idempotency_keys::text as dump, response from idempotency_keys`
    t.ok(rows.length > 0)
    for (const { dump, response } of rows) {
      t.notOk(dump.includes(Buffer.from(secret.slice(19, 40)).toString('hex')))
      t.notOk((response as Buffer).includes(secret.slice(0, 12)))
    }
    const again = await post(one.auth, key, { name: 'Secret' }, '/api/keys')
    t.equal(again.body.key, secret, 'and it is shown to who asks again')
    t.equal(again.headers['idempotent-replayed'], 'true')
  })

  t.test('what is kept of a call does not tell its password to who guesses', async (t) => {
    const key = fresh()
    const headers = { authorization: `Bearer ${two.accessToken}` }
    const body = { currentPassword: two.password, newPassword: 'nine purple lamps hum softly' }
    t.equal((await post(headers, key, body, '/api/auth/password/change')).status, 204)
    const again = await post(headers, key, body, '/api/auth/password/change')
    t.match(again, { status: 204, headers: { 'idempotent-replayed': 'true' } })
    const guess = createHash('sha256')
    for (const part of ['password.change', JSON.stringify(body)]) guess.update(`${part.length}:${part}`)
    const rows = await sql`select from idempotency_keys where request_hash = ${guess.digest()}`
    t.equal(rows.length, 0)
  })

  t.test('after 24 hours a key is new', async (t) => {
    const key = fresh()
    const first = await post(one.auth, key, { name: 'Day' })
    await sql`update idempotency_keys set created_at = created_at - interval '25 hours'`
    const next = await post(one.auth, key, { name: 'Next day' })
    t.equal(next.status, 201)
    t.not(next.body.id, first.body.id)
    t.equal((await post(one.auth, key, { name: 'Next day' })).headers['idempotent-replayed'], 'true')
  })

  t.test('keys of 1 to 255 characters', async (t) => {
    t.equal((await post(one.auth, 'x'.repeat(255), { name: 'Long' })).status, 201)
    for (const key of ['', 'x'.repeat(256)]) {
      const refused = await post(one.auth, key, { name: 'No' })
      t.match(refused, { status: 400, body: { error: { details: [{ path: 'headers.idempotency-key' }] } } })
    }
    t.equal(await countOf(one, 'No'), 0)
  })
})
