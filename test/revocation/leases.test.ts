import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { announceChange } from '../../db/changes.ts'
import { connect } from '../../db/connect.ts'
import {
  currentHorizon,
  liveReplicas,
  newestChanges,
  registerReplica,
  renewLease,
  sweepReplicas,
} from '../../db/queries/replicas.ts'
import { createTestDatabase } from '../support/database.ts'

const sandbox = environmentOf('sandbox')
const LEASE_MS = 2000

async function fresh(t: Test) {
  const { url, logins, drop } = await createTestDatabase()
  const database = connect(logins.system, sandbox)
  // The owner of the tables sees what waits for what.
  const admin = postgres(url, { max: 1, onnotice: () => {}, connection: { search_path: sandbox.schema } })
  t.teardown(async () => {
    await Promise.all([database.end({ timeout: 1 }), admin.end({ timeout: 1 })])
    await drop()
  })
  const waiting = async (count: number) => {
    const blocked = () => admin`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    while ((await blocked()).length < count) await delay(10)
  }
  return { database, waiting }
}

t.test('a renewal that waited for its row sees what was committed meanwhile', async (t) => {
  const { database, waiting } = await fresh(t)
  await registerReplica(database, 'rep_a')
  const horizon = await currentHorizon(database)
  const settler = await database.reserve()
  await settler`begin`
  await settler`select from replicas for share`
  const renewal = renewLease(database, 'rep_a', horizon, LEASE_MS)
  await waiting(1)
  await announceChange(database, sandbox, 'key:a')
  await settler`commit`
  settler.release()
  t.same(
    (await renewal)?.changes.map(({ tag }) => tag),
    ['key:a'],
  )
})

t.test(
  'a renewal under way is waited for, and judged by what it wrote, though its row looks lapsed',
  async (t) => {
    const { database, waiting } = await fresh(t)
    await registerReplica(database, 'rep_a')
    t.same(await liveReplicas(database), [], 'a lease that was never renewed is none')
    const renewing = await database.reserve()
    await renewing`begin`
    await renewing`select from renew_lease('rep_a', '0'::xid8, interval '1 minute')`
    const live = liveReplicas(database)
    await waiting(1)
    await renewing`commit`
    renewing.release()
    t.same(
      (await live).map(({ id }) => id),
      ['rep_a'],
    )
  },
)

t.test('a change with a smaller id that is committed later is not skipped', async (t) => {
  const { database } = await fresh(t)
  await registerReplica(database, 'rep_a')
  const slow = await database.reserve()
  await slow`begin`
  await announceChange(slow, sandbox, 'key:slow')
  await announceChange(database, sandbox, 'key:fast')
  const first = await renewLease(database, 'rep_a', '0', LEASE_MS)
  t.same(
    first?.changes.map(({ tag }) => tag),
    ['key:fast'],
  )
  await slow`commit`
  slow.release()
  const second = await renewLease(database, 'rep_a', first?.horizon as string, LEASE_MS)
  t.ok(second?.changes.some(({ tag }) => tag === 'key:slow'))
})

// An acknowledgement of the greater id, given before the smaller one was committed, settled both.
t.test('changes of one tag get their ids in the order of the commits', async (t) => {
  const { database, waiting } = await fresh(t)
  const first = await database.reserve()
  await first`begin`
  await announceChange(first, sandbox, 'user:a')
  const second = database.begin((tx) => announceChange(tx, sandbox, 'user:a'))
  await waiting(1)
  t.same(await newestChanges(database, ['user:a']), [])
  await first`commit`
  first.release()
  await second
  const rows = await database<{ id: string }[]>`select id::text from changes order by transaction_id`
  t.same(
    rows.map(({ id }) => id),
    rows.map(({ id }) => id).toSorted((one, other) => Number(one) - Number(other)),
  )
  t.same(await newestChanges(database, ['user:a']), [rows[1]?.id])
})

t.test('a renewal makes no row: a replica that was swept is told so', async (t) => {
  const { database } = await fresh(t)
  t.equal(await renewLease(database, 'rep_gone', '0', LEASE_MS), null)
  t.same(await database`select from replicas`, [])
})

t.test('the sweep takes the dead, and no change that a replica on the list may have to read', async (t) => {
  const { database } = await fresh(t)
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000)
  await database`insert into replicas (id, lease_until) values ('rep_dead', ${ago(4000)}), ('rep_behind', ${ago(3000)})`
  await database`
    insert into changes (tag, at) values ('key:old', ${ago(9000)}), ('key:missed', ${ago(4000)}), ('key:new', now())`
  await sweepReplicas(database, 3600)
  t.same(await database`select id from replicas`, [{ id: 'rep_behind' }])
  t.same(await database`select tag from changes order by tag`, [{ tag: 'key:missed' }, { tag: 'key:new' }])
})
