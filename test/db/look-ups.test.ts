import { randomBytes } from 'node:crypto'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connectOnce } from '../../db/connect.ts'
import { findPresentedKeys } from '../../db/queries/keys.ts'
import { findPresentedTokens } from '../../db/queries/sessions.ts'
import { createTestDatabase } from '../support/database.ts'

// A flood of invented credentials is one look-up each. PostgreSQL plans a prepared statement's first five calls, and
// goes on doing so where it takes what it sees in the values for a cheaper plan.
t.test('a credential is looked up by a plan that is made once', async (t) => {
  const database = await createTestDatabase()
  const environment = environmentOf('sandbox')
  const sql = connectOnce(database.logins.system, environment, () => {})
  t.teardown(async () => {
    await sql.end()
    await database.drop()
  })
  for (const look of [
    () => findPresentedKeys(sql, [randomBytes(6).toString('hex')]),
    () => findPresentedTokens(sql, [randomBytes(32)]),
  ]) {
    for (let call = 0; call < 10; call += 1) await look()
  }
  const plans = await sql`
    select generic_plans::int, custom_plans::int from pg_prepared_statements
    where statement ~ 'from (keys|tokens)'`
  t.same(plans.length, 2)
  for (const plan of plans) t.same({ ...plan }, { genericPlans: 5, customPlans: 5 })
})
