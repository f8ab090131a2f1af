import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { AccessLog, type AccessLogOptions } from '../../operations/access-log/access-log.ts'
import type { RequestRecord } from '../../operations/access-log/record.ts'
import { newId } from '../../schemas/ids.ts'
import { createTestDatabase } from '../support/database.ts'

const environment = environmentOf('sandbox')

function record(id = newId('req')): RequestRecord {
  return {
    id,
    organizationId: null,
    method: 'GET',
    url: '/outage',
    status: 200,
    durationMs: 1,
    ip: '127.0.0.1',
    userAgent: undefined,
    access: undefined,
    credentialType: null,
    keyId: null,
    keyHash: null,
    userId: null,
    reason: null,
    failed: false,
  }
}

/** An access log on a database that can be taken away. */
async function ground(t: Test, options: Partial<AccessLogOptions> = {}) {
  const database = await createTestDatabase()
  const home = await mkdtemp(join(tmpdir(), 'anteroom-outage-'))
  const directory = join(home, 'spool')
  const admin = postgres(new URL('/anteroom', database.url).href, { max: 1 })
  const name = new URL(database.url).pathname.slice(1)
  const errors: string[] = []
  const recoveries: string[] = []
  const log = new AccessLog({
    databaseUrl: database.logins.session,
    environment,
    directory,
    onError: (_error, message) => errors.push(message),
    onRecovery: (message) => recoveries.push(message),
    ...options,
  })
  t.teardown(async () => {
    await log.close()
    await admin.end()
    await database.drop()
    await rm(home, { recursive: true })
  })
  await log.start()
  const keep = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () => new Promise<void>((answer) => log.record(record(), answer))),
    )
  const take = async () => {
    await admin.unsafe(`alter database ${name} allow_connections false`)
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
  }
  const giveBack = () => admin.unsafe(`alter database ${name} allow_connections true`)
  const logged = async () => {
    const sql = postgres(database.url, { max: 1, connection: { search_path: 'sandbox' } })
    const [row] = await sql<{ all: number; different: number }[]>`
      select count(*)::int as all, count(distinct id)::int as different from access_logs`
    await sql.end()
    return row
  }
  const flushed = async () => {
    while (
      !(await log.flush().then(
        () => true,
        () => false,
      ))
    )
      await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { log, errors, recoveries, directory, keep, take, giveBack, logged, flushed }
}

t.test(
  'while the database is away records wait on the disk, and each is written once when it is back',
  async (t) => {
    const { log, keep, take, giveBack, logged, flushed } = await ground(t)
    await keep(10)
    await log.flush()
    await take()
    await keep(500)
    await t.rejects(log.flush())
    await keep(500)
    await giveBack()
    await keep(10)
    await flushed()
    t.strictSame(await logged(), { all: 1020, different: 1020 })
  },
)

t.test('while the disk takes nothing records wait in memory, and requests are answered', async (t) => {
  const { log, errors, recoveries, directory, keep, take, giveBack, logged, flushed } = await ground(t)
  // Nor does the database, so that none of them is written before the last one has come.
  await take()
  await rm(directory, { recursive: true })
  await keep(100)
  await keep(100)
  t.strictSame(
    errors.filter((message) => message !== 'access log not written: it waits in the spool'),
    ['the spool takes no records: they are kept in memory until the database has them'],
    'told once',
  )
  t.equal(log.full, false)
  await giveBack()
  await flushed()
  t.strictSame(await logged(), { all: 200, different: 200 })
  await mkdir(directory)
  await keep(50)
  t.equal((await readdir(directory)).length, 1, 'the disk is used again as soon as it can be')
  t.same(
    recoveries.filter((message) => message.includes('spool')),
    ['the spool takes records again'],
    'and that is told once too',
  )
  await flushed()
  t.strictSame(await logged(), { all: 250, different: 250 })
})

t.test('what may wait has a bound, on the disk and in memory', async (t) => {
  const disk = await ground(t, { spoolBytes: 20_000 })
  await disk.take()
  await disk.keep(10)
  t.equal(disk.log.full, false)
  await disk.keep(400)
  t.equal(disk.log.full, true)
  await disk.giveBack()
  await disk.flushed()
  t.equal(disk.log.full, false, 'and it is as it was once the database is back')
  t.strictSame(await disk.logged(), { all: 410, different: 410 })

  const memory = await ground(t, { memoryBytes: 20_000 })
  await rm(memory.directory, { recursive: true })
  await memory.take()
  await memory.keep(400)
  t.equal(memory.log.full, true)
  await memory.giveBack()
  await memory.flushed()
  t.equal(memory.log.full, false)
  t.strictSame(await memory.logged(), { all: 400, different: 400 })
})

t.test('a spool that another process took for that of a dead one loses nothing', async (t) => {
  const { log, keep, directory, take, giveBack, logged, flushed } = await ground(t)
  await keep(50)
  // Its lock ends with its connection; the other process comes before it is back.
  await take()
  await keep(50)
  await rm(directory, { recursive: true })
  await mkdir(directory)
  await keep(50)
  await giveBack()
  await flushed()
  await keep(50)
  await flushed()
  t.strictSame(await logged(), { all: 200, different: 200 })
  t.equal(log.full, false)
})

t.test('a record that the disk has damaged is left out, and none beside it', async (t) => {
  const { log, errors, logged } = await ground(t)
  const answered = [
    record(),
    record('req_\u0000'),
    record(),
    { ...record(), status: Number.NaN },
    record(),
  ].map((each) => new Promise<void>((answer) => log.record(each, answer)))
  await Promise.all(answered)
  await log.flush()
  t.strictSame(await logged(), { all: 3, different: 3 })
  t.strictSame(errors, Array(2).fill('a damaged record of the access log was left out'))
})
