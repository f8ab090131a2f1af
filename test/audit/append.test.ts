import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connect } from '../../db/connect.ts'
import { type AuditRow, readAudit } from '../../db/queries/audit.ts'
import { audit, systemContext } from '../../operations/audit/audit.ts'
import { ChainCheck, chainRecord } from '../../operations/audit/chain.ts'
import { AuditKey } from '../../operations/audit/key.ts'
import { createTestDatabase } from '../support/database.ts'

const sandbox = environmentOf('sandbox')
const key = new AuditKey(randomBytes(32))

t.test('records of one organization form one chain, whoever writes at once', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox)
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  const organizations = ['org_a', 'org_b']
  await Promise.all(
    Array.from({ length: 60 }, (_, number) =>
      database.begin(async (tx) => {
        const context = {
          ...systemContext(organizations[number % 2] as string, key),
          userAgent: 'ä "quoted" \\ \u2028\t\u007f',
        }
        await audit(tx, context, {
          action: 'thing.done',
          targetType: 'thing',
          targetId: `thing_${number}`,
          changes: { ü: 1.5, a: [true, null, { z: 1, b: '\u0001 \n 😀' }], 10: 1e21 },
        })
      }),
    ),
  )
  for (const organizationId of organizations) {
    const check = new ChainCheck(organizationId)
    for (const row of await all(readAudit(database, organizationId))) check.add(chainRecord(row))
    t.strictSame(check.problems, [])
    t.equal(check.head.sequence, 30)
  }
})

t.test('what a transaction takes back is not in the log, and leaves no gap', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox)
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  const event = { action: 'thing.done', targetType: 'thing', targetId: null }
  const write = (fails: boolean) =>
    database.begin(async (tx) => {
      await audit(tx, systemContext('org_a', key), event)
      if (fails) throw new Error('changed its mind')
    })
  await write(false)
  await t.rejects(write(true))
  await write(false)
  const rows = await all(readAudit(database, 'org_a'))
  t.strictSame(
    rows.map((row) => row.sequence),
    [1, 2],
  )
})

t.test('a credential that finds its way into a record is cut down to its prefix', async (t) => {
  const { logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox)
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  const secret = `sk_dev_${'a1B2c3D4e5'.repeat(5)}`
  const context = { ...systemContext('org_a', key), userAgent: `agent ${secret}` }
  await audit(database, context, {
    action: 'thing.done',
    targetType: 'thing',
    targetId: null,
    changes: { note: secret },
  })
  const [row] = await all(readAudit(database, 'org_a'))
  t.equal(row?.userAgent, 'agent sk_dev_[redacted]')
  t.equal(row?.changes, '{"note":"sk_dev_[redacted]"}')
})

t.test("the application's roles may append and read, and nothing else", async (t) => {
  const { url, logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox)
  const tenants = connect(logins.tenant, sandbox, { kind: 'tenant' })
  const owner = postgres(url, { max: 1, onnotice: () => {}, connection: { search_path: 'sandbox' } })
  t.teardown(async () => {
    await Promise.all([database.end(), tenants.end(), owner.end()])
    await drop()
  })
  await audit(database, systemContext('org_a', key), { action: 'a.b', targetType: 'a', targetId: null })
  const attempts = [
    `update audit_records set action = 'other'`,
    'delete from audit_records',
    'truncate audit_records',
    `insert into audit_records select * from audit_records`,
    `update audit_heads set sequence = 0`,
    'delete from audit_heads',
    'truncate audit_heads',
    `insert into audit_heads values ('org_c', 1, '\\x00')`,
    'alter table audit_records disable trigger all',
    'drop table audit_records',
  ]
  for (const role of [sandbox.tenantRole, sandbox.systemRole]) {
    for (const attempt of attempts) {
      const tried = owner.begin(async (tx) => {
        await tx.unsafe(`set local role ${role}; set local app.organization_id = 'org_a'; ${attempt}`)
      })
      await t.rejects(tried, { code: '42501' }, `${role}: ${attempt}`)
    }
  }
  for (const attempt of attempts.slice(0, 3)) {
    await t.rejects(owner.unsafe(attempt), { code: '42501' }, `the owner: ${attempt}`)
  }
  const foreign = tenants.begin(async (tx) => {
    await tx`select set_config('app.organization_id', 'org_b', true)`
    await audit(tx, systemContext('org_a', key), { action: 'a.b', targetType: 'a', targetId: null })
  })
  await t.rejects(foreign, { code: '42501' }, 'a tenant appends to its own log alone')
  t.equal((await all(readAudit(database, 'org_a'))).length, 1)
})

async function all(blocks: AsyncIterable<AuditRow[]>): Promise<AuditRow[]> {
  const rows: AuditRow[] = []
  for await (const block of blocks) rows.push(...block)
  return rows
}
