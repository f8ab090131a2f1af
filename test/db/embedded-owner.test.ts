import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connect } from '../../db/connect.ts'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { migrate } from '../../db/migrate.ts'
import { audit, systemContext } from '../../operations/audit/audit.ts'
import { AuditKey } from '../../operations/audit/key.ts'
import { testLogins } from '../support/database.ts'
import { client, dataFolder } from './embedded-harness.ts'

const sandbox = environmentOf('sandbox')

t.test(
  'a cluster that belongs to the superuser, as older versions left it, changes hands at its next start',
  async (t) => {
    const dataDir = await dataFolder(t)
    const before = await startEmbedded({ dataDir })
    const superuser = client(t, before.superuserUrl)
    await superuser`alter database anteroom owner to anteroom`
    await superuser`drop role anteroom_owner`
    const old = testLogins(before.superuserUrl)
    await migrate(old, sandbox)
    for (const { name } of old.members) await superuser`drop owned by ${superuser(name)}`
    for (const { name } of old.members) await superuser`drop role ${superuser(name)}`
    await before.stop()

    const database = await startEmbedded({ dataDir })
    t.teardown(() => database.stop())
    const logins = testLogins(database.url)
    await migrate(logins, sandbox)
    const admin = client(t, database.superuserUrl)
    const left = await admin`
    select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname ~ '^sandbox' and relowner = 'anteroom'::regrole
    union all select proname from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where nspname ~ '^sandbox' and proowner = 'anteroom'::regrole
    union all select typname from pg_type join pg_namespace on pg_namespace.oid = typnamespace
    where nspname ~ '^sandbox' and typowner = 'anteroom'::regrole
    union all select nspname from pg_namespace where nspname ~ '^sandbox' and nspowner = 'anteroom'::regrole
    union all select polname from pg_policy where 'anteroom'::regrole = any (polroles)`
    t.same([...left], [])

    const system = connect(logins.system, sandbox)
    t.teardown(() => system.end())
    await audit(system, systemContext('org_a', new AuditKey(Buffer.alloc(32))), {
      action: 'a.b',
      targetType: 'a',
      targetId: null,
    })
    await system`select ensure_log_partition(date '2026-02-20')`
    t.equal(
      (await system`select from audit_records`).count,
      1,
      'functions that run as the owner still may what they need',
    )
  },
)

t.test('nobody is logged in as the superuser once the server has been started', async (t) => {
  const dataDir = await dataFolder(t)
  const database = await startEmbedded({ dataDir })
  const [row] = await client(t, database.superuserUrl)`
    select count(*)::int as others from pg_stat_activity join pg_roles on rolname = usename
    where rolsuper and pid <> pg_backend_pid() and backend_type = 'client backend'`
  t.equal(row?.others, 0)
  const owner = client(t, database.url)
  await t.rejects(owner`set role anteroom`, { code: '42501' })
  await t.rejects(owner`select pg_read_file('postgresql.conf')`, { code: '42501' })
  await database.stop()
})
