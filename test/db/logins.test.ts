import { randomBytes } from 'node:crypto'
import type postgres from 'postgres'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { databaseLogins } from '../../db/logins.ts'
import { migrate } from '../../db/migrate.ts'
import { testApp } from '../support/app.ts'
import { createTestDatabase, TEST_KEY, testLogins } from '../support/database.ts'
import { testServer } from '../support/postgres.ts'
import { client } from './embedded-harness.ts'
import { twoTenants } from './two-tenants.ts'

const sandbox = environmentOf('sandbox')
const another = () => randomBytes(32).toString('base64')

/** Tables that hold rows of tenants, as the catalog has them. */
const TENANT_TABLES = `
  select relname as name from pg_class
  where relnamespace = 'sandbox'::regnamespace and relkind in ('r', 'p') and not relispartition
    and relrowsecurity and exists (
      select from pg_policy where polrelid = pg_class.oid and 'anteroom_sandbox_tenant'::regrole = any (polroles))`

/** The logins that hold connections to this database, with what PostgreSQL lets them do. */
function sessionsOf(admin: postgres.Sql) {
  return admin<
    { name: string; isSuperuser: boolean; createsRoles: boolean; bypasses: boolean; kinds: number }[]
  >`
    select rolname as name, rolsuper as "isSuperuser", rolcreaterole as "createsRoles", rolbypassrls as bypasses,
      count(*)::int as kinds
    from pg_stat_activity join pg_roles on rolname = usename
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    group by 1, 2, 3, 4 order by 1`
}

t.test('the server holds connections of its two logins and of nobody else', async (t) => {
  const server = await testApp(t)
  const { admin, one } = await twoTenants(t, server)
  await server.call('GET', '/api/campaigns', { headers: one.auth })
  const names = server.logins.members.map(({ name }) => name).sort()
  const sessions = await sessionsOf(admin)
  t.same(
    sessions.map(({ name }) => name),
    // Tests look at the database with a connection of the superuser; the server has none.
    names,
  )
  for (const { isSuperuser, createsRoles, bypasses } of sessions) {
    t.same(
      { isSuperuser, createsRoles, bypasses },
      { isSuperuser: false, createsRoles: false, bypasses: false },
    )
  }
})

t.test(
  'a statement without a tenant sees no row on any connection that is logged in as the tenant',
  async (t) => {
    const server = await testApp(t)
    const { admin, one } = await twoTenants(t, server)
    const tables = await admin.unsafe<{ name: string }[]>(TENANT_TABLES)
    t.ok(tables.length > 20)
    const sql = client(t, server.logins.tenant)
    await sql`set search_path to sandbox`
    const mayRead = async (table: string) =>
      (await sql`select has_any_column_privilege(${table}, 'select') as may`)[0]?.may === true
    let read = 0
    for (const { name } of tables) {
      if (!(await mayRead(name))) continue
      read += 1
      t.equal((await sql`select from ${sql(name)}`).count, 0, `${name}, no tenant named`)
      for (const id of ['', '*', `${one.organizationId} `]) {
        const rows = await sql.begin(async (tx) => {
          await tx`select set_config('app.organization_id', ${id}, true)`
          return tx`select from ${tx(name)}`
        })
        t.equal(rows.count, 0, `${name}, ${JSON.stringify(id)}`)
      }
    }
    t.ok(read > 20)
    // The same on the server's own connections: what runs behind a transaction, and in one that names nobody.
    t.same(await server.app.tenancy.read('', (tx) => tx`select id from campaigns`), [])
    t.same(await server.app.tenancy.write('', (tx) => tx`select id from campaigns`), [])
    let escaped: postgres.PendingQuery<postgres.Row[]> | undefined
    await server.app.tenancy.write(one.organizationId, async (tx) => {
      escaped = tx`select id from campaigns`
    })
    t.same(await escaped, [], 'sent on the connection of a transaction that has ended')
  },
)

t.test('neither login may take another role', async (t) => {
  const { url, logins, drop } = await createTestDatabase()
  t.teardown(drop)
  const admin = client(t, url)
  const [row] = await admin<{ owner: string; superuser: string }[]>`
    select nspowner::regrole::text as owner, current_user as superuser from pg_namespace where nspname = 'sandbox'`
  // Before PostgreSQL 16 a member may take the role that it has the rights of. It gains nothing by that.
  const [server] = await admin<{ old: boolean }[]>`
    select current_setting('server_version_num')::int < 160000 as old`
  const mayTake = (own: 'tenant' | 'system', role: string) =>
    role === new URL(logins[own]).username || (server?.old === true && role === sandbox[`${own}Role`])
  for (const own of ['tenant', 'system'] as const) {
    const sql = client(t, logins[own])
    const others = [
      ...Object.values(row ?? {}),
      sandbox.tenantRole,
      sandbox.systemRole,
      ...logins.members.map(({ name }) => name),
      environmentOf('production').tenantRole,
      environmentOf('production').systemRole,
      'pg_read_all_data',
    ]
    for (const role of others) {
      if (mayTake(own, role)) continue
      await t.rejects(sql`set role ${sql(role)}`, { code: '42501' }, `${own} to ${role}`)
      await t.rejects(sql`set session authorization ${sql(role)}`, { code: '42501' }, `${own} to ${role}`)
    }
    await t.rejects(sql`set row_security = off; select from sandbox.campaigns`.simple(), { code: '42501' })
    await t.rejects(sql`create role mine`, { code: '42501' })
    await t.rejects(sql`create table sandbox.mine (id int)`, { code: '42501' })
    await t.rejects(sql`alter table sandbox.campaigns disable row level security`, { code: '42501' })
  }
})

t.test('another encryption key has logins of its own; migrating drops those that nobody uses', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const admin = client(t, (await testServer()).url)
  t.teardown(drop)
  const exists = async ({ members }: typeof logins) => {
    const names = members.map(({ name }) => name)
    return (await admin`select from pg_roles where rolname = any (${names})`).length
  }
  const old = testLogins(logins.owner, { key: another() })
  const young = testLogins(logins.owner, { key: another() })
  t.not(old.tenant, young.tenant)
  await Promise.all([migrate(old, sandbox), migrate(young, sandbox)])
  t.equal(await exists(old), 2)
  const inUse = client(t, old.system)
  await inUse`select 1`
  await migrate(young, sandbox, { dropStaleLogins: true })
  t.equal(await exists(old), 1, 'a login with a connection stays')
  await inUse.end()
  await migrate(young, sandbox, { dropStaleLogins: true })
  t.equal(await exists(old), 0)
  t.equal(await exists(young), 2)
  t.equal(await exists(logins), 2, 'the logins of another database are left alone')
  await t.rejects(client(t, old.tenant)`select 1`, { code: '28P01' })
})

t.test('the operator may bring logins of another name', async (t) => {
  const { url, logins, drop } = await createTestDatabase()
  const admin = client(t, url)
  const suffix = randomBytes(4).toString('hex')
  const names = [`their_tenant_${suffix}`, `their_system_${suffix}`]
  for (const name of names) await admin`create role ${admin(name)} login password 'theirs'`
  t.teardown(async () => {
    await drop()
    const again = client(t, (await testServer()).url)
    for (const name of names) await again`drop role if exists ${again(name)}`
  })
  const given = (name: string) => {
    const there = new URL(logins.owner)
    there.username = name
    there.password = 'theirs'
    return there.href
  }
  const theirs = databaseLogins(
    {
      environment: sandbox,
      dataDir: '',
      encryptionKey: Buffer.from(TEST_KEY, 'base64'),
      databaseTenantUrl: given(names[0] ?? ''),
      databaseSystemUrl: given(names[1] ?? ''),
      databaseDirectUrl: null,
    },
    // The superuser's, as who may not create roles may not grant the membership either.
    url,
  )
  await migrate(theirs, sandbox)
  for (const [kind, sees] of [
    ['tenant', 0],
    ['system', 1],
  ] as const) {
    const sql = client(t, theirs[kind])
    await admin`insert into sandbox.organizations (id, name, plan) values (${`org_${kind}`}, 'One', 'free')`
    t.equal((await sql`select from sandbox.organizations`).count > 0, sees === 1, kind)
  }
})

t.test('a direct URL gives the migrations and the sessions another address', async (t) => {
  const settings = {
    environment: sandbox,
    dataDir: '',
    encryptionKey: Buffer.from(TEST_KEY, 'base64'),
    databaseTenantUrl: null,
    databaseSystemUrl: null,
    databaseDirectUrl: 'postgres://owner:secret@direct:5432/anteroom?sslmode=require',
  }
  const logins = databaseLogins(settings, 'postgres://owner:secret@pooler:6432/anteroom')
  const hostOf = (url: string) => new URL(url).host
  t.same([logins.owner, logins.session].map(hostOf), ['direct:5432', 'direct:5432'])
  t.same([logins.tenant, logins.system].map(hostOf), ['pooler:6432', 'pooler:6432'])
  t.equal(new URL(logins.session).username, new URL(logins.system).username)
  t.equal(new URL(logins.session).search, '?sslmode=require')
  const bare = databaseLogins({ ...settings, databaseDirectUrl: null }, 'postgres://owner@host')
  t.equal(new URL(bare.tenant).pathname, '/owner', 'the database that the URL of the owner means')
})
