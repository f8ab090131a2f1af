import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { serviceAccount } from '../../db/embedded/account.ts'
import { runAs } from '../../db/embedded/cluster.ts'
import { findEmbedded, startEmbedded } from '../../db/embedded/launcher.ts'
import { inspectProcess } from '../../db/embedded/processes.ts'
import {
  client,
  clientOf,
  dataFolder,
  gone,
  postmasterOf,
  processesOf,
  spawnHolder,
} from './embedded-harness.ts'

t.test('one process at a time owns the folder', async (t) => {
  const dataDir = await dataFolder(t)
  const two = [spawnHolder(t, dataDir), spawnHolder(t, dataDir)] as const
  const events = await Promise.all(two.map((holder) => holder.next()))
  const [owner, loser] = events[0]?.event === 'ready' ? two : [two[1], two[0]]
  t.match(
    events.sort((a, b) => a.event.localeCompare(b.event)),
    [
      {
        event: 'failed',
        name: 'EmbeddedError',
        message: `${dataDir} is in use by process ${owner.pid}: stop it first, or set DATA_DIR to another folder`,
      },
      { event: 'ready' },
    ],
    'of two that start at once on an empty folder, one wins',
  )
  await loser.end('SIGTERM')

  await t.test('a later one is refused too, and does no harm', async (t) => {
    await t.rejects(startEmbedded({ dataDir }), { message: `is in use by process ${owner.pid}` })
    const sql = await clientOf(t, dataDir)
    await sql`create table answered (n int)`
    await sql`insert into answered select generate_series(1, 1000)`
  })

  await t.test('what a killed owner left is adopted with its rows', async (t) => {
    const pid = postmasterOf(dataDir)
    await owner.end('SIGKILL')
    const heir = await startEmbedded({ dataDir })
    t.equal(heir.adopted, true)
    t.equal(postmasterOf(dataDir), pid, 'the same server')
    t.same(await client(t, heir.url)`select count(*)::int as n from answered`, [{ n: 1000 }])
    await heir.stop()
    t.equal(await inspectProcess(pid), null, 'who adopts it stops it')
  })

  await t.test('an owner told to end leaves nothing', async (t) => {
    const next = spawnHolder(t, dataDir)
    t.match(await next.next(), { event: 'ready', adopted: false })
    const pids = await processesOf(await clientOf(t, dataDir), dataDir)
    await next.end('SIGTERM')
    t.same((await Promise.all(pids.map((pid) => inspectProcess(pid)))).filter(Boolean), [])
  })

  await t.test('a killed server is told to its owner, who lives on; its rows are there again', async (t) => {
    const unlucky = spawnHolder(t, dataDir)
    t.match(await unlucky.next(), { event: 'ready', adopted: false })
    const sql = await clientOf(t, dataDir)
    await sql`insert into answered values (1001)`
    const pids = await processesOf(sql, dataDir)
    process.kill(postmasterOf(dataDir), 'SIGKILL')
    t.match(await unlucky.next(), { event: 'lost', message: /process \d+\) in .* is gone/ })
    await gone(pids)
    await unlucky.end('SIGTERM')

    const after = await startEmbedded({ dataDir })
    t.equal(after.adopted, false)
    t.same(await client(t, after.url)`select count(*)::int as n from answered`, [{ n: 1001 }])
    await after.stop()
  })
})

t.test('who started a server for others leaves it to a process that owns it since', async (t) => {
  const dataDir = await dataFolder(t)
  const command = await startEmbedded({ dataDir, shared: true })
  const owner = await startEmbedded({ dataDir })
  t.equal(owner.adopted, true)
  await command.stop()
  t.same(await client(t, owner.url)`select 1 as n`, [{ n: 1 }], 'it still runs')
  const pid = postmasterOf(dataDir)
  await owner.stop()
  t.equal(await inspectProcess(pid), null)
})

t.test('the hold outlives its connection', async (t) => {
  const dataDir = await dataFolder(t)
  const database = await startEmbedded({ dataDir, onLost: (error) => t.fail(error.message) })
  t.teardown(() => database.stop())
  const sql = client(t, database.url)
  const holders = () =>
    sql<{ pid: number }[]>`select pid from pg_locks where locktype = 'advisory' and granted`
  const [before] = await holders()
  t.ok(before)
  await sql`select pg_terminate_backend(${before?.pid ?? 0}, 5000)`
  let [after] = await holders()
  while (after === undefined) [after] = await holders()
  t.not(after.pid, before?.pid)
  await t.rejects(startEmbedded({ dataDir }), { message: `is in use by process ${process.pid}` })
})

t.test('a postmaster.pid that a crash of the machine left', async (t) => {
  const dataDir = await dataFolder(t)
  const data = join(dataDir, 'postgres/data')
  const first = await startEmbedded({ dataDir })
  const left = await readFile(join(data, 'postmaster.pid'), 'utf8')
  const pid = postmasterOf(dataDir)
  await first.stop()

  // PostgreSQL is wary of a living process of its own user, so the number is given to one.
  const account = await serviceAccount([data])
  const stranger = spawn('sleep', ['600'], { ...runAs(account), stdio: 'ignore' })
  await once(stranger, 'spawn')
  t.teardown(() => stranger.kill('SIGKILL'))
  for (const number of [pid, stranger.pid]) {
    await writeFile(join(data, 'postmaster.pid'), left.replace(/^\d+/, String(number)))
    t.equal(await findEmbedded(dataDir), null)
    const database = await startEmbedded({ dataDir })
    t.equal(database.adopted, false)
    await database.stop()
  }
  t.equal(stranger.exitCode ?? stranger.signalCode, null, 'the stranger was left alone')
})

t.test('a copy of a folder in use is a database of its own', async (t) => {
  const dataDir = await dataFolder(t)
  // Files that an autovacuum makes for a moment would be gone when the copy comes to them.
  const original = await startEmbedded({ dataDir, settings: { autovacuum: 'off' } })
  t.teardown(() => original.stop())
  const copied = await dataFolder(t)
  await cp(dataDir, copied, { recursive: true, preserveTimestamps: true })
  if (process.geteuid?.() === 0) {
    const { uid, gid } = await stat(join(dataDir, 'postgres'))
    const chown = spawn('chown', ['-R', `${uid}:${gid}`, join(copied, 'postgres')], { stdio: 'inherit' })
    t.same(await once(chown, 'exit'), [0, null])
  }
  t.equal(postmasterOf(copied), postmasterOf(dataDir))
  t.equal(await findEmbedded(copied), null)
  const copy = await startEmbedded({ dataDir: copied })
  t.not(copy.url, original.url)
  t.same(await findEmbedded(dataDir), { url: original.url })
  await copy.stop()
  t.ok(await findEmbedded(dataDir))
})
