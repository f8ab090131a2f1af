import postgres from 'postgres'
import t, { type Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connectionOptions, sqlState } from '../../db/connect.ts'
import { findCampaign } from '../../db/queries/campaigns.ts'
import { newId } from '../../schemas/ids.ts'
import { type Tenant, type TestApp, testApp } from '../support/app.ts'
import { client } from './embedded-harness.ts'

const sandbox = environmentOf('sandbox')

/** Tables of the sandbox that hold rows of tenants, as the catalog has them. */
async function tenantTables(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = 'sandbox'::regnamespace and relkind in ('r', 'p') and not relispartition and attname = 'organization_id'
    order by 1`
  return rows.map(({ name }) => name)
}

/** Two tenants with a campaign each, and the superuser's own connection. */
async function twoTenants(test: Test, server: TestApp) {
  const admin = client(test, server.databaseUrl)
  await admin`set search_path to sandbox`
  const tenants: (Tenant & { campaignId: string })[] = []
  for (const name of ['one', 'two']) {
    const tenant = await server.tenant()
    const options = { headers: { ...tenant.auth, 'idempotency-key': name }, body: { name } }
    const made = await server.call('POST', '/api/campaigns', options)
    tenants.push({ ...tenant, campaignId: String(made.body.id) })
  }
  const [one, two] = tenants
  if (!one || !two) throw new Error('two tenants were made')
  return { admin, one, two }
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
    const wire = postgres(
      server.databaseUrl,
      connectionOptions(sandbox, sandbox.tenantRole, { max: 1, statementTimeoutMs: 10_000 }),
    )
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
    for (const [row] of roles) t.match(row, { who: sandbox.systemRole, organization: '' })
  })

  t.test('an error in a read is its own alone', async (t) => {
    const reads = Array.from({ length: 60 }, (_, index) => {
      if (index % 3 === 0)
        return tenancy.read(one.organizationId, (tx) => tx`select 1 / (${index}::int - ${index}::int)`)
      const { organizationId } = index % 3 === 1 ? one : two
      return tenancy.read(organizationId, (tx) => tx`select id from campaigns`)
    })
    const outcomes = await Promise.allSettled(reads)
    for (const [index, outcome] of outcomes.entries()) {
      if (index % 3 === 0) t.match(outcome, { status: 'rejected', reason: { code: '22012' } })
      else t.same(outcome, { status: 'fulfilled', value: [{ id: (index % 3 === 1 ? one : two).campaignId }] })
    }
    const [again] = await tenancy.read(two.organizationId, (tx) =>
      findCampaign(tx, two.organizationId, two.campaignId),
    )
    t.equal(again?.id, two.campaignId, 'and the wire is clean after it')
  })

  t.test('hundreds of first reads at once, on wires that are still cold, never mix', async (t) => {
    // A server of its own on the same rows: no statement of it is prepared, no wire connected.
    const cold = await testApp(t, {}, server)
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, index) => {
        const tenant = index % 2 === 0 ? one : two
        const shape = index % 8
        return cold.app.tenancy
          .read(tenant.organizationId, (tx) =>
            shape < 4
              ? tx`select id, organization_id as owner from campaigns`
              : tx`select id, ${shape}::int as shape, organization_id as owner from campaigns where name <> ${'nobody'}`,
          )
          .then((rows) => ({ tenant, rows }))
      }),
    )
    const wrong = answers.filter(
      ({ tenant, rows }) =>
        rows.length !== 1 || rows[0]?.id !== tenant.campaignId || rows[0]?.owner !== tenant.organizationId,
    )
    t.same(wrong, [])
  })

  t.test(
    'a connection that is cut gives an error or the right rows: no row of others, and none too few',
    async (t) => {
      let right = 0
      let refused = 0
      const wrong: unknown[] = []
      const readOnce = async (index: number): Promise<void> => {
        const tenant = index % 2 === 0 ? one : two
        try {
          const rows = await tenancy.read(
            tenant.organizationId,
            (tx) => tx`select id from campaigns where name <> ${'x'}`,
          )
          if (rows.length === 1 && rows[0]?.id === tenant.campaignId) right += 1
          else wrong.push(rows)
        } catch (error) {
          const state = sqlState(error) ?? (error as NodeJS.ErrnoException).code ?? String(error)
          if (/^(57P01|CONNECTION_|ECONNRESET|EPIPE)/.test(state)) refused += 1
          else wrong.push(state)
        }
      }
      for (let round = 0; round < 6; round += 1) {
        const reads = Array.from({ length: 300 }, (_, index) => readOnce(index))
        // In the middle of them: once the first has its answer.
        const killed = Promise.race(reads).then(
          () => admin`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state is not null`,
        )
        await Promise.all([...reads, killed])
      }
      t.same(wrong, [])
      t.ok(right > 0, `${right} reads were answered, ${refused} refused`)
      await readOnce(0)
    },
  )

  t.test('a connection that is cut under a transaction ends the transaction, and nothing else', async (t) => {
    const pidOf = async (tx: postgres.TransactionSql) => {
      const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`
      return row?.pid ?? 0
    }
    const cut = (pid: number) => admin`select pg_terminate_backend(${pid}, 5000)`.execute()
    const name = 'half a transaction'
    const lost = { code: /^(CONNECTION_CLOSED|ECONNRESET|EPIPE|57P01)$/ }
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

  t.test('a table that changes its columns while it is read loses no answer', async (t) => {
    const wrong: unknown[] = []
    for (let round = 0; round < 4; round += 1) {
      const readAll = () =>
        Promise.allSettled(
          Array.from({ length: 40 }, async (_, index) => {
            const tenant = index % 2 === 0 ? one : two
            const rows = await tenancy.read(tenant.organizationId, (tx) =>
              findCampaign(tx, tenant.organizationId, tenant.campaignId),
            )
            if (rows.length !== 1 || rows[0]?.id !== tenant.campaignId) wrong.push(rows.length)
          }),
        )
      await readAll()
      await admin`alter table campaigns add column ${admin(`later_${round}`)} integer`
      const outcomes = await readAll()
      for (const outcome of outcomes) if (outcome.status === 'rejected') wrong.push(String(outcome.reason))
    }
    t.same(wrong, [])
  })
})
