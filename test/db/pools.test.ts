import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import postgres from 'postgres'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connect, connectOnce, isStuck } from '../../db/connect.ts'
import { Tenancy } from '../../db/tenant.ts'
import { testApp } from '../support/app.ts'
import { createTestDatabase } from '../support/database.ts'
import { startProxy, through } from '../support/proxy.ts'
import { until } from '../support/until.ts'

const sandbox = environmentOf('sandbox')

t.test('a connection that is not who it must be is not used', async (t) => {
  const { url, logins, drop } = await createTestDatabase()
  t.teardown(drop)
  const cases = [
    [
      'tenant',
      url,
      /is logged in as anteroom, who is a superuser\. It is not used\. Check DATABASE_TENANT_URL/,
    ],
    ['system', url, /who is a superuser\. .* DATABASE_SYSTEM_URL/],
    ['tenant', logins.owner, /logged in as anteroom_owner, who owns the tables/],
    ['tenant', logins.system, /who is no member of anteroom_sandbox_tenant/],
    ['system', logins.tenant, /who is no member of anteroom_sandbox_system/],
  ] as const
  for (const [kind, login, message] of cases) {
    const database = connect(login, sandbox, { kind })
    await t.rejects(database`select 1`, { code: 'CONNECTION_WRONG_LOGIN', message })
    await t.rejects(
      database.begin((tx) => tx`select 1`),
      { message: /^The database is out of reach$/ },
    )
    await database.end()
  }
  const tenancy = new Tenancy(logins.system, sandbox)
  await t.rejects(
    tenancy.read('org_a', (tx) => tx`select id from campaigns`),
    { code: /WRONG_LOGIN|UNAVAILABLE/ },
  )
  await tenancy.close()
  const production = connect(logins.system, environmentOf('production'))
  await t.rejects(production`select 1`, { message: /no member of anteroom_production_system/ })
  await production.end()
})

t.test('a pooler that drops what a connection asks for at its start takes nothing away unseen', async (t) => {
  const { url, logins, drop } = await createTestDatabase()
  t.teardown(drop)
  const { hostname: host, port } = new URL(logins.system)
  // The start-up message: its length, the protocol, then names and values, each with a zero behind it.
  const without = (name: string) => (first: Buffer) => {
    const parts = first.toString('latin1', 8).split('\0')
    const kept = parts.filter((_, index) => parts[index - (index % 2)] !== name)
    const body = Buffer.from(kept.join('\0'), 'latin1')
    const head = Buffer.alloc(8)
    head.writeUInt32BE(body.length + 8)
    first.copy(head, 4, 4, 8)
    return Buffer.concat([head, body])
  }
  const target = { host, port: Number(port) }
  const pooler = await startProxy(t, target, without('search_path'))
  const database = connect(through(logins.tenant, pooler), sandbox, { kind: 'tenant' })
  t.teardown(() => database.end())
  await t.rejects(database`select 1`, { message: /works in the schema public, not in sandbox/ })

  // Where the login keeps it, nothing is lost.
  const admin = postgres(url, { max: 1 })
  t.teardown(() => admin.end())
  const name = new URL(url).pathname.slice(1)
  const login = new URL(logins.tenant).username
  await admin`alter role ${admin(login)} in database ${admin(name)} set search_path = sandbox`
  t.teardown(async () => {
    const again = postgres(new URL('/anteroom', url).href, { max: 1 })
    await again`alter role ${again(login)} in database ${again(name)} reset search_path`.catch(() => {})
    await again.end()
  })
  await until(
    () =>
      database`select 1`.then(
        () => true,
        () => false,
      ),
    'the pool to try again',
  )
})

t.test('work waits for a connection for a limited time and in limited number', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox, { max: 3, waitMs: 1000, waiting: 4 })
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  let begun = 0
  const hold = () =>
    database.begin(async (tx) => {
      await tx`select 1`
      begun += 1
      await finished
    })
  await database`select 1`
  const held = [hold(), hold()]
  await until(() => begun === 2, 'two transactions')
  const late = await Promise.allSettled([hold(), hold(), hold(), hold(), hold(), hold()])
  for (const outcome of late) {
    t.match(outcome, { status: 'rejected', reason: { message: 'Too much work waits for the database' } })
  }
  t.equal(
    (await database`select 1 as one`)[0]?.one,
    1,
    'what is no transaction has a connection all the same',
  )
  finish()
  await Promise.all(held)
  await t.resolves(hold(), 'and the pool goes on')
})

t.test('a connection that a transaction has is nobody else’s', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox, { max: 4 })
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  const wrong: unknown[] = []
  await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      if (index % 3 > 0) {
        const [row] = await database`select coalesce(current_setting('app.mine', true), '') as mine`
        if (row?.mine !== '') wrong.push(row)
        return
      }
      await database.begin(async (tx) => {
        await tx`select set_config('app.mine', ${String(index)}, true)`
        await tx`select 1`
        const [row] = await tx`select current_setting('app.mine', true) as mine`
        if (row?.mine !== String(index)) wrong.push(row)
      })
    }),
  )
  t.same(wrong, [])
})

t.test('a pool whose connections do not come back says so', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox, { max: 2, waitMs: 1000, stuckMs: 300 })
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  await database`select 1`
  const held = database.begin(() => finished)
  t.equal(isStuck(database), false)
  await t.rejects(database.begin((tx) => tx`select 1`))
  await until(() => isStuck(database), 'the pool to be stuck')
  finish()
  await held
  t.equal(isStuck(database), false)
})

t.test('a transaction that takes too long is broken off', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox, { max: 2, transactionMs: 300 })
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  const slow = database.begin(async (tx) => {
    await tx`insert into log_spools (id, position) values ('slow', 0)`
    for (;;) await tx`select pg_sleep(0.01)`
  })
  await t.rejects(slow, { code: /^CONNECTION_/ })
  t.same(await database`select id from log_spools`, [], 'and leaves nothing')
})

t.test('the locks of a session that the other side still holds are taken over', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const { hostname: host, port } = new URL(logins.session)
  const proxy = await startProxy(t, { host, port: Number(port) })
  let lost = 0
  const database = connectOnce(through(logins.session, proxy), sandbox, () => {
    lost += 1
  })
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  const tryLock = async () => (await database`select pg_try_advisory_lock(42) as mine`)[0]?.mine === true
  t.equal(await tryLock(), true)
  proxy.freeze()
  await t.rejects(tryLock())
  t.equal(lost, 1)
  proxy.thaw()
  await until(() => tryLock().catch(() => false), 'the lock of the session that nobody hears any more')
})

t.test('code that holds a connection waits for nothing', async (t) => {
  const { app } = await testApp(t)
  const message = /^Code that holds a pooled connection is about to wait for/
  const org = 'org_none'
  await app.tenancy.write(org, async (tx) => {
    await tx`select 1`
    await t.rejects(app.database`select 1`, { message })
    await t.rejects(
      app.database.begin((other) => other`select 1`),
      { message },
    )
    await t.rejects(
      app.tenancy.read(org, (other) => other`select 1`),
      { message },
    )
    await t.rejects(
      app.tenancy.write(org, (other) => other`select 1`),
      { message },
    )
    t.match(await app.inject('/api/whoami').catch((error) => error), { statusCode: 500 })
  })
  await app.database.begin(async () => {
    await t.rejects(app.directDatabase`select 1`, { message })
  })
  await t.resolves(app.database`select 1`, 'afterwards it may')
})

t.test(
  'code that hashes while it holds a connection ends the process in development and tests',
  async (t) => {
    const program = `
    import { hashPassword } from './credentials/secret.ts'
    import { holding } from './db/held-connection.ts'
    await hashPassword('outside', 4)
    await holding(() => hashPassword('inside', 4))`
    const args = [
      '--import',
      './db/held-connection-check.ts',
      '--input-type=module-typescript',
      '--eval',
      program,
    ]
    await t.rejects(promisify(execFile)(process.execPath, args), {
      code: 1,
      stderr: /Code that holds a pooled connection is about to wait for bcrypt/,
    })
  },
)
