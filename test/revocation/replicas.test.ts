import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import postgres from 'postgres'
import t from 'tap'
import { fingerprint } from '../../credentials/secret.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../support/app.ts'
import { mailingApp } from '../support/people.ts'
import { until } from '../support/until.ts'

const SCHEMA = 'sandbox'

// Two servers on one database, and the superuser's client.
const one = await testApp(t)
const two = await testApp(t, {}, one)
const admin = postgres(one.databaseUrl, { max: 4, onnotice: () => {}, connection: { search_path: SCHEMA } })
t.teardown(() => admin.end({ timeout: 1 }))

const bothTrusted = () => until(() => one.app.changes.trusted() && two.app.changes.trusted(), 'two leases')

function whoami({ call }: TestApp, headers: Record<string, string>): Promise<Answer> {
  return call('GET', '/api/whoami', { headers })
}

async function newKey(
  { call }: TestApp,
  tenant: Tenant,
): Promise<{ id: string; key: string; auth: Record<string, string> }> {
  const { body } = await call('POST', '/api/keys', {
    headers: { authorization: `Bearer ${tenant.accessToken}` },
    body: { name: 'To be changed' },
  })
  return { id: body.id, key: body.key, auth: { authorization: `Bearer ${body.key}` } }
}

/** Uses a credential until the server answers for it from memory. */
async function warm(server: TestApp, auth: Record<string, string>): Promise<void> {
  const print = fingerprint((auth.authorization as string).slice('Bearer '.length))
  const { verifier } = server.app
  await until(async () => {
    const { status } = await whoami(server, auth)
    if (status !== 200) throw new Error(`a good credential got ${status}`)
    return Boolean(verifier.rememberedKey(print) ?? verifier.rememberedToken(print))
  }, 'an answer from memory')
}

t.test('a receipt lists every live replica, with the time of its acknowledgement', async (t) => {
  const tenant = await one.tenant()
  const key = await newKey(one, tenant)
  await warm(two, key.auth)
  await bothTrusted()
  const { status, body } = await one.call('DELETE', `/api/keys/${key.id}`, { headers: tenant.auth })
  t.equal(status, 200)
  t.same(
    body.receipt.replicas.map(({ id }: { id: string }) => id).sort(),
    [one.app.changes.id, two.app.changes.id].sort(),
  )
  for (const { acknowledgedAt } of body.receipt.replicas)
    t.ok(acknowledgedAt <= body.receipt.effectiveAt, acknowledgedAt)
  t.equal((await whoami(two, key.auth)).status, 401)
  t.equal((await whoami(one, key.auth)).status, 401)
})

t.test('whatever takes rights away holds on the other replica from the answer on', async (t) => {
  const tenant = await one.tenant()
  const patched = async (change: unknown) => {
    const key = await newKey(one, tenant)
    await warm(two, key.auth)
    const body = typeof change === 'function' ? change() : change
    const { status } = await one.call('PATCH', `/api/keys/${key.id}`, { headers: tenant.auth, body })
    t.equal(status, 200, JSON.stringify(body))
    return key
  }

  const narrowed = await patched({ scopes: ['logs:read'] })
  t.equal(
    (await two.call('GET', '/api/campaigns', { headers: narrowed.auth })).status,
    403,
    'a scope removed',
  )

  const fenced = await patched({ allowedIps: ['192.0.2.1'] })
  t.equal((await whoami(two, fenced.auth)).status, 403, 'another address')

  let end = 0
  const ending = await patched(() => {
    // Long enough for the request to come while it is still ahead.
    end = Date.now() + 2000
    return { expiresAt: new Date(end).toISOString() }
  })

  const login = await one.call('POST', '/api/auth/login', {
    body: { email: tenant.email, password: tenant.password },
  })
  const session = { authorization: `Bearer ${login.body.accessToken}` }
  await warm(two, session)
  t.equal((await one.call('POST', '/api/auth/logout', { headers: session })).status, 204)
  t.equal((await whoami(two, session)).status, 401, 'a log-out')

  await until(() => Date.now() > end, 'the end of the key')
  t.equal((await whoami(two, ending.auth)).status, 401, 'an expiry brought forward')
})

t.test('a demotion and a removal hold on the other replica from the answer on', async (t) => {
  const mailing = await mailingApp(t)
  const beside = await testApp(t, {}, mailing)
  const owner = await mailing.tenant()
  const member = await mailing.join(owner, 'admin')
  const byOwner = { headers: { authorization: `Bearer ${owner.accessToken}` } }
  await warm(beside, member.auth)
  const makesKey = () => beside.call('POST', '/api/keys', { headers: member.auth, body: { name: 'Mine' } })
  t.equal((await makesKey()).status, 201)
  const demoted = await mailing.call('PATCH', `/api/members/${member.userId}`, {
    ...byOwner,
    body: { role: 'viewer' },
  })
  t.equal(demoted.status, 200)
  t.equal((await makesKey()).status, 403)
  await warm(beside, member.auth)
  t.equal((await mailing.call('DELETE', `/api/members/${member.userId}`, byOwner)).status, 204)
  t.equal((await whoami(beside, member.auth)).status, 401)
})

t.test('a listening connection that is cut delays nothing past the answer', async (t) => {
  const tenant = await one.tenant()
  const cut = new Set<number>()
  // The second of the two channels that one connection listens to: once it has that one, it has both.
  const listening = async () => {
    const rows = await admin<{ pid: number }[]>`
      select pid from pg_stat_activity where datname = current_database() and state = 'idle'
        and application_name like '%listener' and (query like 'listen%acknowledgements"' or query = 'select 1')`
    return rows.map(({ pid }) => pid).filter((pid) => !cut.has(pid))
  }
  const bothListen = () => until(async () => (await listening()).length === 2, 'both to listen')
  for (let round = 0; round < 3; round += 1) {
    const key = await newKey(one, tenant)
    await warm(two, key.auth)
    await bothListen()
    for (const pid of await listening()) cut.add(pid)
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where pid = any(${[...cut]})`
    const { status, body } = await one.call('DELETE', `/api/keys/${key.id}`, { headers: tenant.auth })
    t.equal(status, 200)
    t.ok(body.receipt.replicas.some(({ id }: { id: string }) => id === two.app.changes.id))
    t.equal((await whoami(two, key.auth)).status, 401)
  }
  await bothListen()
  const last = await newKey(one, tenant)
  const { body } = await one.call('DELETE', `/api/keys/${last.id}`, { headers: tenant.auth })
  const { replicas } = body.receipt
  t.ok(
    replicas.every(({ acknowledgedAt }: { acknowledgedAt: unknown }) => acknowledgedAt),
    'they hear again',
  )
})

t.test('a replica that cannot renew asks the database each time, and bcrypt not again', async (t) => {
  const tenant = await one.tenant()
  const key = await newKey(one, tenant)
  await warm(two, key.auth)

  const held = await admin.reserve()
  await held`begin`
  await held`select from replicas where id = ${two.app.changes.id} for update`
  await until(() => !two.app.changes.trusted(), 'its lease to lapse')

  let hashes = 0
  const count = () => {
    hashes += 1
  }
  subscribe('tracing:anteroom:bcrypt:start', count)
  t.equal((await whoami(two, key.auth)).status, 200)
  // Nobody announces this: only who asks the database can know of it.
  await admin`update keys set name = 'Renamed in silence' where id = ${key.id}`
  t.equal((await whoami(two, key.auth)).body.credential.name, 'Renamed in silence')
  unsubscribe('tracing:anteroom:bcrypt:start', count)
  t.equal(hashes, 0)

  const { status, body } = await one.call('DELETE', `/api/keys/${key.id}`, { headers: tenant.auth })
  t.equal(status, 200)
  t.notOk(two.app.changes.trusted())
  t.equal((await whoami(two, key.auth)).status, 401)
  const own = body.receipt.replicas.find(({ id }: { id: string }) => id === one.app.changes.id)
  t.ok(own.acknowledgedAt)

  // Off the list while it could not renew, as after an hour: it starts with nothing in memory.
  const other = await newKey(one, tenant)
  await held`delete from replicas where id = ${two.app.changes.id}`
  await held`commit`
  held.release()
  await bothTrusted()
  t.equal((await admin`select from replicas where id = ${two.app.changes.id}`).length, 1, 'registered anew')
  t.equal((await whoami(two, key.auth)).status, 401)
  await warm(two, other.auth)
})

t.test('a replica that died is waited for until its lease lapses, and then no more', async (t) => {
  const tenant = await one.tenant()
  const [first, second] = [await newKey(one, tenant), await newKey(one, tenant)]
  await admin`insert into replicas (id, lease_until) values ('rep_dead', now() + interval '2 s')`
  const found = async ({ id }: { id: string }) => {
    const { status, body } = await one.call('DELETE', `/api/keys/${id}`, { headers: tenant.auth })
    t.equal(status, 200)
    const dead = body.receipt.replicas.find((replica: { id: string }) => replica.id === 'rep_dead')
    const [row] =
      await admin`select lease_until <= ${body.receipt.effectiveAt} as lapsed from replicas where id = 'rep_dead'`
    return { dead, lapsed: row?.lapsed }
  }
  t.same(await found(first), { dead: { id: 'rep_dead', acknowledgedAt: null }, lapsed: true })
  t.same(await found(second), { dead: undefined, lapsed: true })
})

t.test('a database that is lost after the commit costs a lease, not the promise', async (t) => {
  const tenant = await one.tenant()
  const key = await newKey(one, tenant)
  await warm(two, key.auth)
  const [name] = await admin<{ name: string }[]>`select current_database() as name`
  const elsewhere = new URL(one.databaseUrl)
  elsewhere.pathname = '/postgres'
  const operator = postgres(elsewhere.href, { max: 1, onnotice: () => {} })
  t.teardown(() => operator.end({ timeout: 1 }))

  const tag = `key:${key.id}`
  await one.app.database.begin(async (tx) => {
    await tx`update keys set revoked_at = now() where id = ${key.id}`
    await tx`insert into changes (tag) values (${tag})`
  })
  const lose = async (allowed: boolean) => {
    await operator`alter database ${operator(name?.name as string)} allow_connections ${operator.unsafe(String(allowed))}`
    if (allowed) return
    // Those too that were let in just before, and have begun since.
    const thrownOut = () =>
      operator`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name?.name as string}`
    await until(async () => (await thrownOut()).length === 0, 'everyone to be out')
  }
  await lose(false)
  t.teardown(() => lose(true))
  const receipt = await one.app.changes.settle([tag])
  t.notOk(two.app.changes.trusted(), 'nobody could renew, so nobody answers from memory')
  t.equal(receipt.replicas[0]?.id, one.app.changes.id)
  await lose(true)
  await bothTrusted()
  t.equal((await whoami(two, key.auth)).status, 401)
})

t.test('a tag that nobody announced is not taken for settled before every lease has lapsed', async (t) => {
  await bothTrusted()
  const before = performance.now()
  await one.app.changes.settle(['key:never'])
  t.ok(performance.now() - before > 1900)
  t.match(await one.app.changes.settle([]), { replicas: [{ id: one.app.changes.id }] })
})
