import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connect } from '../../db/connect.ts'
import { createTestDatabase } from '../support/database.ts'

t.test('a day that many processes make at once is made once, and none of them fails', async (t) => {
  const { logins, drop } = await createTestDatabase()
  t.teardown(drop)
  const replicas = Array.from({ length: 8 }, () =>
    connect(logins.system, environmentOf('sandbox'), { max: 1 }),
  )
  t.teardown(() => Promise.all(replicas.map((replica) => replica.end())))
  for (let day = 0; day < 20; day += 1) {
    await Promise.all(
      replicas.map((replica) => replica`select ensure_log_partition(date '2026-02-20' + ${day}::int)`),
    )
  }
  const [made] = await (replicas[0] as (typeof replicas)[number])`
    select count(*)::int as days from pg_inherits where inhparent = 'access_logs'::regclass`
  t.equal(made?.days, 20)
})
