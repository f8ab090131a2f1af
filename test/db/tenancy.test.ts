import type postgres from 'postgres'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connect } from '../../db/connect.ts'
import { newId } from '../../schemas/ids.ts'
import { testApp } from '../support/app.ts'
import { twoTenants } from './two-tenants.ts'

const sandbox = environmentOf('sandbox')

/** Tables of the sandbox that hold rows of tenants, as the catalog has them. */
async function tenantTables(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = 'sandbox'::regnamespace and relkind in ('r', 'p') and not relispartition and attname = 'organization_id'
    order by 1`
  return rows.map(({ name }) => name)
}

t.test('tenancy', async (t) => {
  const server = await testApp(t)
  const { tenancy, accessLog } = server.app
  const { admin, one, two } = await twoTenants(t, server)

  t.test('a query without its where sees one tenant alone, on either way in', async (t) => {
    await server.call('GET', '/api/campaigns', { headers: one.auth })
    await server.call('GET', '/api/campaigns', { headers: two.auth })
    await accessLog.flush()
    const tables = await tenantTables(admin)
    for (const table of ['access_logs', 'campaigns', 'idempotency_keys', 'keys', 'memberships', 'tokens']) {
      t.ok(tables.includes(table), `the catalog tells of ${table}`)
      const [row] = await admin`select count(distinct organization_id)::int as count from ${admin(table)}`
      t.equal(row?.count, 2, `${table} holds rows of both`)
    }
    for (const table of tables) {
      for (const { organizationId } of [one, two]) {
        const foreign = (rows: readonly postgres.Row[]) => rows.filter((row) => row.owner !== organizationId)
        const read = await tenancy.read(
          organizationId,
          (tx) => tx`select organization_id as owner from ${tx(table)}`,
        )
        t.strictSame(foreign(read), [], `${table}, read`)
        const written = await tenancy.write(
          organizationId,
          (tx) => tx`select organization_id as owner from ${tx(table)}`,
        )
        t.strictSame(foreign(written), [], `${table}, write`)
        if (table === 'campaigns') t.same([read.length, written.length], [1, 1], 'its own rows are there')
      }
    }
    const organizations = await tenancy.read(one.organizationId, (tx) => tx`select id from organizations`)
    t.same(
      organizations.map(({ id }) => id),
      [one.organizationId],
    )
    const users = await tenancy.read(one.organizationId, (tx) => tx`select id, email from users`)
    t.same(
      users.map(({ id }) => id),
      [one.userId],
    )
    await t.rejects(
      tenancy.read(one.organizationId, (tx) => tx`select password_hash from users`),
      { code: '42501' },
      "a tenant's role does not read password hashes",
    )
  })

  t.test("another tenant's rows can be neither changed nor made nor taken away", async (t) => {
    const before = await admin`select * from campaigns order by id`
    await tenancy.write(one.organizationId, async (tx) => {
      t.equal((await tx`update campaigns set name = 'taken' where id = ${two.campaignId}`).count, 0)
      t.equal((await tx`delete from campaigns where organization_id = ${two.organizationId}`).count, 0)
      t.equal((await tx`select from campaigns where id = ${two.campaignId} for update`).count, 0)
    })
    const insert = (tx: postgres.TransactionSql) => tx`
    insert into campaigns (organization_id, id, name, status, language, questions, invite_valid_hours, metadata)
    values (${two.organizationId}, ${newId('cmp')}, 'planted', 'active', 'en', '[]', 1, '{}')`
    await t.rejects(tenancy.write(one.organizationId, insert), { code: '42501' }, 'row-level security')
    await t.rejects(
      tenancy.write(
        one.organizationId,
        (tx) => tx`update campaigns set organization_id = ${two.organizationId}`,
      ),
      { code: '42501' },
      'nor given away',
    )
    for (const tenant of [one, two]) {
      await t.rejects(
        tenancy.read(
          tenant.organizationId,
          (tx) => tx`update campaigns set name = 'written by a read' returning id`,
        ),
        { code: '25006' },
        'a read writes nothing',
      )
    }
    t.strictSame(await admin`select * from campaigns order by id`, before, 'everything is as it was')
  })

  t.test('a connection that names no organization, or none that there is, sees no row', async (t) => {
    const wire = connect(server.logins.tenant, sandbox, { kind: 'tenant', max: 1 })
    t.teardown(() => wire.end({ timeout: 1 }))
    for (const table of [...(await tenantTables(admin)), 'organizations', 'users']) {
      const [row] = await wire<{ may: boolean }[]>`select has_table_privilege(${table}, 'select') as may`
      if (!row?.may) continue
      const rows = await wire`select count(*)::int as count from ${wire(table)}`
      t.equal(rows[0]?.count, 0, table)
    }
    for (const organizationId of ['', '*', 'org_', `${one.organizationId} `, "' or true --", newId('org')]) {
      const rows = await server.app.tenancy.read(organizationId, (tx) => tx`select id from campaigns`)
      t.same(rows, [], JSON.stringify(organizationId))
    }
  })

  t.test('after its transaction a connection remembers no organization', async (t) => {
    await server.app.tenancy.write(one.organizationId, (tx) => tx`select 1`)
    await t.rejects(
      server.app.tenancy.write(one.organizationId, async (tx) => tx`select 1/0`),
      { code: '22012' },
    )
    const roles = await Promise.all(
      Array.from(
        { length: 20 },
        () =>
          server.app
            .database`select current_user as who, coalesce(current_setting('app.organization_id', true), '') as organization`,
      ),
    )
    for (const [row] of roles) t.match(row, { who: new RegExp(`^${sandbox.systemRole}_`), organization: '' })
  })

  t.test('a connection that is cut under a transaction ends the transaction, and nothing else', async (t) => {
    const pidOf = async (tx: postgres.TransactionSql) => {
      const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`
      return row?.pid ?? 0
    }
    const cut = (pid: number) => admin`select pg_terminate_backend(${pid}, 5000)`.execute()
    const name = 'half a transaction'
    const lost = { code: /^(CONNECTION_CLOSED|CONNECTION_LOST|ECONNRESET|EPIPE|57P01)$/ }
    for (let round = 0; round < 3; round += 1) {
      const idle = tenancy.write(one.organizationId, async (tx) => {
        await tx`update campaigns set name = ${name}`
        await cut(await pidOf(tx))
        // Long after it was lost, as after a slow hash.
        await new Promise((resolve) => setTimeout(resolve, 50))
        await tx`update campaigns set name = ${name}`
      })
      await t.rejects(idle, lost, 'while it sent nothing')
      const busy = tenancy.write(one.organizationId, async (tx) => {
        await tx`update campaigns set name = ${name}`
        const ending = cut(await pidOf(tx))
        await tx`select pg_sleep(60)`.catch(() => ending)
        await tx`update campaigns set name = ${name}`
      })
      await t.rejects(busy, lost, 'while it waited for an answer')
    }
    const written = await tenancy.write(one.organizationId, (tx) => tx`select name from campaigns`)
    t.same(written, [{ name: 'one' }], 'the pool goes on, and nothing was written')
  })
})
