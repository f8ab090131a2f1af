import postgres from 'postgres'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { migrate } from '../../db/migrate.ts'
import { createTestDatabase } from '../support/database.ts'

t.test('a database that is behind is brought up to date, one that is not is left as it is', async (t) => {
  const { url, drop } = await createTestDatabase()
  t.teardown(drop)
  const owner = postgres(url, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => owner.end())
  const applied = async () => (await owner`select id from __drizzle_migrations`).length
  const all = await applied()

  await migrate(url, environmentOf('sandbox'))
  t.equal(await applied(), all, 'nothing to do')

  // What the last migration found, and what it makes of it.
  await owner`drop index access_logs_status`
  await owner`create index access_logs_status on access_logs (organization_id, status, id)`
  await owner`delete from __drizzle_migrations where created_at = (select max(created_at) from __drizzle_migrations)`
  await migrate(url, environmentOf('sandbox'))
  t.equal(await applied(), all)
  t.equal(
    (await owner`select pg_get_indexdef('access_logs_status'::regclass) ~ '<> 200' as made`)[0]?.made,
    true,
    'what was missing is there',
  )
})

t.test('several processes that migrate one empty environment at once take turns', async (t) => {
  const { url, drop } = await createTestDatabase()
  t.teardown(drop)
  const owner = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => owner.end())
  await owner`drop schema production cascade`
  await Promise.all(Array.from({ length: 4 }, () => migrate(url, environmentOf('production'))))
  t.equal((await owner`select to_regclass('production.events') is not null as made`)[0]?.made, true)
})
