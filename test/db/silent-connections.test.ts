import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { connect, type Database } from '../../db/connect.ts'
import { createTestDatabase } from '../support/database.ts'
import { startProxy, type Proxy as TestProxy, through } from '../support/proxy.ts'
import { until } from '../support/until.ts'

/** What a client waits for an answer before it gives up, in milliseconds. */
const CLIENT_MS = 10_000
const MOST = 16

/** A pool with all of its connections open, behind a proxy. */
async function openPool(t: Test): Promise<{ database: Database; proxy: TestProxy }> {
  const { logins, drop } = await createTestDatabase()
  const { hostname: host, port } = new URL(logins.system)
  const proxy = await startProxy(t, { host, port: Number(port) })
  const database = connect(through(logins.system, proxy), environmentOf('sandbox'), { max: MOST })
  t.teardown(async () => {
    await database.end()
    await drop()
  })
  await until(async () => {
    const rows = await Promise.all(
      Array.from({ length: MOST }, () => database`select pg_backend_pid() as pid, pg_sleep(0.1)`),
    )
    return new Set(rows.map(([row]) => row?.pid)).size === MOST
  }, 'every connection to be open')
  return { database, proxy }
}

async function outcome(query: Promise<unknown>): Promise<string> {
  return Promise.race([
    query.then(
      () => 'answered',
      () => 'refused',
    ),
    delay(CLIENT_MS, 'no answer'),
  ])
}

t.test('a silent database is noticed also while requests come one by one, to idle connections', async (t) => {
  const { database, proxy } = await openPool(t)
  proxy.freeze()
  const outcomes: Promise<string>[] = []
  for (let index = 0; index < MOST; index += 1) {
    outcomes.push(outcome(database`select 1`))
    await delay(1000)
  }
  t.same(new Set(await Promise.all(outcomes)), new Set(['refused']))
  proxy.thaw()
  await until(async () => (await outcome(database`select 1`)) === 'answered', 'the database to be back')
})

t.test('connections that a firewall has forgotten are replaced while the database is well', async (t) => {
  const { database, proxy } = await openPool(t)
  const marker = database`select pg_sleep(6) as slow`.execute()
  await until(async () => {
    const [row] = await database`select count(*)::int as slow from pg_stat_activity
      where query like '%pg_sleep(6)%' and state = 'active' and pid <> pg_backend_pid()`
    return row?.slow === 1
  }, 'a slow statement to run')
  proxy.freeze({ newOnes: false })
  const outcomes = await Promise.all(Array.from({ length: MOST * 2 }, () => outcome(database`select 1`)))
  t.notOk(outcomes.includes('no answer'), `${outcomes}`)
  await until(async () => (await outcome(database`select 1`)) === 'answered', 'new connections to be used')
  marker.catch(() => {})
})

t.test('a statement that waits for a lock keeps its connection', async (t) => {
  const { database } = await openPool(t)
  let done = () => {}
  const finished = new Promise<void>((resolve) => {
    done = resolve
  })
  const locked = Promise.withResolvers<void>()
  const holder = database.begin(async (tx) => {
    await tx`lock table log_spools in access exclusive mode`
    locked.resolve()
    await finished
  })
  await locked.promise
  const waits = outcome(database`select count(*) from log_spools`)
  await delay(4000)
  done()
  await holder
  t.equal(await waits, 'answered')
})
