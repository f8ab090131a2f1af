import postgres from 'postgres'
import t from 'tap'
import { type Answer, testApp } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'
import { until } from '../support/until.ts'

t.test('a simulation writes nothing after the revocation of its key was answered', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const sql = postgres(server.databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const { interviewId } = await desk.begin()
  const answers = async () => (await sql`select from answers where interview_id = ${interviewId}`).length
  const waiting = async () =>
    (await sql`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)
      .length
  const { body: key } = await desk.ask('POST', '/api/keys', { name: 'Simulates' })
  let simulated: Promise<Answer> | undefined
  let revoked: Promise<number> | undefined
  let isRevoked = false
  await sql.begin(async (tx) => {
    await tx`select from interviews where id = ${interviewId} for update`
    simulated = server.call('POST', `/api/sandbox/interviews/${interviewId}/simulate`, {
      headers: { authorization: `Bearer ${key.key}` },
    })
    await until(async () => (await waiting()) === 1, 'the simulation to wait for the interview')
    revoked = desk.ask('DELETE', `/api/keys/${key.id}`).then(({ status }) => {
      isRevoked = true
      t.equal(status, 200)
      return answers()
    })
    await until(async () => isRevoked || (await waiting()) === 2, 'the revocation to wait or to be answered')
  })
  const atRevocation = await revoked
  t.match(await simulated, { status: 401 })
  t.equal(await answers(), atRevocation, 'no answer was written later')
})
