import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { migrate } from '../../db/migrate.ts'
import journal from '../../db/migrations/meta/_journal.json' with { type: 'json' }
import { createTestDatabase, testLogins } from '../support/database.ts'
import { testServer } from '../support/postgres.ts'
import { until } from '../support/until.ts'

t.test('a database that is behind is brought up to date, one that is not is left as it is', async (t) => {
  const { url, logins, drop } = await createTestDatabase()
  t.teardown(drop)
  const owner = postgres(url, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => owner.end())
  const applied = async () => (await owner`select id from __drizzle_migrations`).length
  const all = await applied()

  t.strictSame(await migrate(logins, environmentOf('sandbox')), [], 'nothing to do')

  // What 0012_speed found, and what it makes of it; what came after it is applied once more.
  await owner`drop index access_logs_status`
  await owner`create index access_logs_status on access_logs (organization_id, status, id)`
  await owner`drop table session_uses`
  await owner`alter table invitations drop column invited_by_key`
  await owner`alter table invite_tokens drop column browser_hash`
  // Words as the version before wrote them: in small letters and without accents.
  await owner`drop trigger candidates_words on candidates`
  await owner`drop table candidate_words`
  await owner`drop function fold_letters, note_candidate_words`
  await owner`create index candidates_search on candidates using gin (search)`
  await owner`insert into organizations (id, name) values ('org_before', 'Before')`
  await owner`
    insert into candidates (organization_id, id, email, name, search_text)
    values ('org_before', 'cnd_before', 'l@example.com', 'Łukasz Strauß', 'łukasz strauß l example com')`
  await owner`alter table files drop column uploaded_bytes`
  const since = journal.entries.find(({ tag }) => tag === '0012_speed')?.when as number
  await owner`delete from __drizzle_migrations where created_at >= ${since}`
  const missing = journal.entries.filter(({ when }) => when >= since).map(({ tag }) => tag)
  t.strictSame(await migrate(logins, environmentOf('sandbox')), missing, 'the caller hears what was applied')
  t.equal(await applied(), all)
  t.equal(
    (await owner`select pg_get_indexdef('access_logs_status'::regclass) ~ '<> 200' as made`)[0]?.made,
    true,
    'what was missing is there',
  )
  const words = await owner`select word from candidate_words where candidate_id = 'cnd_before' order by word`
  t.same(
    words.map(({ word }) => word),
    ['com', 'example', 'l', 'lukasz', 'strauss'],
  )
})

t.test('several processes that migrate one empty environment at once take turns', async (t) => {
  const { url, logins, drop } = await createTestDatabase()
  t.teardown(drop)
  const owner = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => owner.end())
  await owner`drop schema production cascade`
  const environment = environmentOf('production')
  const production = testLogins(logins.owner, { environment })
  await Promise.all(Array.from({ length: 4 }, () => migrate(production, environment)))
  t.equal((await owner`select to_regclass('production.events') is not null as made`)[0]?.made, true)
})

// The lock that migrations take turns by is one database's, and roles are the whole cluster's.
t.test('a role that another database of the cluster is about to make is taken as it is', async (t) => {
  const name = `race_${randomBytes(6).toString('hex')}`
  const roles = { tenantRole: `anteroom_${name}_tenant`, systemRole: `anteroom_${name}_system` }
  const environment = { ...environmentOf('sandbox'), ...roles, schema: name }
  const { url, drop } = await createTestDatabase()
  const other = postgres((await testServer()).url, { max: 2, onnotice: () => {} })
  t.teardown(async () => {
    await drop()
    for (const role of [...Object.values(roles), ...logins.members.map((login) => login.name)]) {
      await other`drop role if exists ${other(role)}`
    }
    await other.end()
  })
  // The superuser's: who has not created a role may not grant it.
  const logins = testLogins(url, { environment })
  let migrating: Promise<unknown> | undefined
  await other.begin(async (tx) => {
    await tx`create role ${tx(roles.tenantRole)} nologin nobypassrls`
    migrating = migrate(logins, environment)
    const waiting = () => other`
      select from pg_stat_activity
      where datname = ${new URL(url).pathname.slice(1)} and wait_event_type = 'Lock' and query like 'create role%'`
    await until(async () => (await waiting()).length > 0, 'the migration to wait for the role')
  })
  await t.resolves(async () => migrating)
})
