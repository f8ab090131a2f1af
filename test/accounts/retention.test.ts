import t from 'tap'
import { sweepKeptResponses } from '../../db/queries/idempotency.ts'
import { forgetEndedSessions } from '../../db/queries/sessions.ts'
import { testApp } from '../support/app.ts'

t.test('tokens and sessions that nobody can use any more are forgotten, others are not', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { database } = app
  const kept = await tenant()
  const aged = await tenant()
  await database`update tokens set expires_at = now() - interval '2 days' where organization_id = ${aged.organizationId}`
  await forgetEndedSessions(database, 30)
  t.equal((await database`select from tokens where organization_id = ${aged.organizationId}`).length, 0)
  t.equal((await database`select from sessions where organization_id = ${aged.organizationId}`).length, 1)

  await database`update sessions set ended_at = now() - interval '31 days' where organization_id = ${aged.organizationId}`
  await forgetEndedSessions(database, 30)
  t.equal((await database`select from sessions where organization_id = ${aged.organizationId}`).length, 0)
  t.equal((await call('GET', '/api/whoami', { headers: kept.both })).status, 200)
})

t.test('responses are kept for a day', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { auth } = await tenant()
  const post = () =>
    call('POST', '/api/campaigns', { headers: { ...auth, 'idempotency-key': 'one' }, body: { name: 'x' } })
  const first = await post()
  await sweepKeptResponses(app.database)
  t.equal((await post()).body.id, first.body.id)
  await app.database`update idempotency_keys set created_at = now() - interval '25 hours'`
  await sweepKeptResponses(app.database)
  t.equal((await app.database`select from idempotency_keys`).length, 0)
  t.not((await post()).body.id, first.body.id)
})
