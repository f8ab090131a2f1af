import t from 'tap'
import { storeAccessRecords } from '../../db/queries/access-log.ts'
import { startWorker } from '../../jobs/worker.ts'
import { formatRecord } from '../../operations/access-log/record.ts'
import { idFloor } from '../../schemas/id-time.ts'
import { testApp } from '../support/app.ts'

const DAY_MS = 86_400_000

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}

t.test('days older than the retention are dropped by the scheduled job, the others stay', async (t) => {
  const { app, logins, tenant } = await testApp(t, { LOG_RETENTION_DAYS: '7' })
  const { organizationId, keyId } = await tenant()
  const { database, config } = app
  const agesInDays = [0, 6, 9, 30]
  const lines = agesInDays.map((age) =>
    formatRecord({
      id: `${idFloor('req', Date.now() - age * DAY_MS)}0000000000000000`,
      organizationId,
      method: 'GET',
      url: '/aged',
      status: 200,
      durationMs: 1,
      ip: '127.0.0.1',
      userAgent: undefined,
      access: 'authenticated',
      credentialType: 'api_key',
      keyId,
      keyHash: null,
      userId: null,
      reason: null,
      failed: false,
    }),
  )
  const text = lines.join('')
  t.equal(await storeAccessRecords(database, 'spool', 0, text.length, text), text.length)
  t.equal(
    await storeAccessRecords(database, 'spool', 0, text.length, text),
    text.length,
    'the same batch again: nothing',
  )
  const aged = async () => (await database`select id from access_logs where path = '/aged'`).length
  t.equal(await aged(), agesInDays.length)

  const worker = await startWorker(config, logins, () => '', app.log)
  t.teardown(() => worker.stop())
  const [scheduled] = await database`select cron from sandbox_jobs.schedule where name = 'retention'`
  t.match(scheduled?.cron, /^\d+ \* \* \* \*$/)
  await app.jobs.add(database, 'retention', {})
  await until(async () => (await aged()) === 2)
  await until(async () => (await database`select from key_needs`).length === 2)
  const [tomorrow] = await database`
    select to_regclass('access_logs_' || to_char((now() at time zone 'UTC')::date + 1, 'YYYYMMDD')) is not null as made`
  t.ok(tomorrow?.made)
})
