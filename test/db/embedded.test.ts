import { statSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { EmbeddedError, findEmbedded, startEmbedded, stopEmbedded } from '../../db/embedded/launcher.ts'
import { inspectProcess } from '../../db/embedded/processes.ts'
import { client, dataFolder, postmasterOf, processesOf } from './embedded-harness.ts'

t.test('first start, stop, warm start', async (t) => {
  const dataDir = await dataFolder(t)
  t.ok(dataDir.length > 107, 'a path too long for a socket')
  t.equal(await findEmbedded(dataDir), null)

  const lines: string[] = []
  const first = await startEmbedded({ dataDir, log: (line) => lines.push(line) })
  t.equal(first.adopted, false)
  t.match(first.url, /^postgres:\/\/anteroom_owner:[0-9a-f]{64}@127\.0\.0\.1:\d+\/anteroom$/)
  t.same(await findEmbedded(dataDir), { url: first.url })
  t.match(lines, [/^PostgreSQL started in \d+ ms /])
  t.notMatch(lines.join(), new URL(first.url).password)

  const sql = client(t, first.url)
  const [row] = await sql`
    select current_user as user, current_setting('fsync') as fsync, current_setting('timezone') as timezone,
      current_setting('listen_addresses') as addresses,
      current_setting('max_connections')::int >= 100 as roomy, datcollate, datlocale, datlocprovider,
      pg_encoding_to_char(encoding) as encoding
    from pg_database where datname = current_database()`
  t.same(row, {
    user: 'anteroom_owner',
    fsync: 'on',
    timezone: 'UTC',
    addresses: '127.0.0.1',
    roomy: true,
    datcollate: 'C',
    datlocale: 'C.UTF-8',
    datlocprovider: 'b',
    encoding: 'UTF8',
  })
  const [hidden] = await client(t, first.superuserUrl)`
    select current_user as user, current_setting('unix_socket_directories') as sockets`
  t.same(hidden, { user: 'anteroom', sockets: '' })
  await sql`create table kept (n int)`
  await sql`insert into kept values (42)`
  await t.rejects(sql`select 'a secret' from nowhere`)

  t.equal(statSync(join(dataDir, 'postgres/password')).mode & 0o777, 0o600)
  t.equal(statSync(join(dataDir, 'postgres')).mode & 0o777, 0o700)
  t.notMatch(await readFile(join(dataDir, 'postgres/server.log'), 'utf8'), 'a secret')

  const pids = await processesOf(sql, dataDir)
  await Promise.all([first.stop(), first.stop()])
  t.same(
    (await Promise.all(pids.map((pid) => inspectProcess(pid)))).filter(Boolean),
    [],
    'no process is left',
  )
  t.equal(await findEmbedded(dataDir), null)

  // Sparse: stands for a log that grew for months.
  await truncate(join(dataDir, 'postgres/server.log'), 5 * 1024 * 1024)
  const second = await startEmbedded({ dataDir })
  t.equal(second.adopted, false)
  t.same(await client(t, second.url)`select n from kept`, [{ n: 42 }])
  t.ok(statSync(join(dataDir, 'postgres/server.log')).size < 1024 * 1024)
  await second.stop()
})

t.test('shared: whoever started the server stops it', async (t) => {
  const dataDir = await dataFolder(t)
  const settings = { fsync: 'off', max_connections: '300' }
  const [one, two] = await Promise.all([
    startEmbedded({ dataDir, shared: true, settings }),
    startEmbedded({ dataDir, shared: true, settings }),
  ])
  t.equal(one.url, two.url)
  t.equal(Number(one.adopted) + Number(two.adopted), 1, 'one of them started it')
  const [starter, guest] = one.adopted ? [two, one] : [one, two]
  await guest.stop()
  const [row] = await client(t, one.url)`
    select current_setting('fsync') as fsync, current_setting('max_connections') as connections`
  t.same(row, { fsync: 'off', connections: '300' })
  await starter.stop()
  t.equal(await findEmbedded(dataDir), null)

  await startEmbedded({ dataDir, shared: true })
  const pid = postmasterOf(dataDir)
  await stopEmbedded(dataDir)
  t.equal(await inspectProcess(pid), null)
  await stopEmbedded(dataDir)
})

t.test('failures are one line that tells what to do', async (t) => {
  const dataDir = await dataFolder(t)
  await mkdir(join(dataDir, 'postgres/something'), { recursive: true })
  await t.rejects(startEmbedded({ dataDir }), {
    name: 'EmbeddedError',
    message: /postgres exists but holds no database of Anteroom: move it away$/,
  })

  const other = await dataFolder(t)
  const database = await startEmbedded({ dataDir: other })
  t.teardown(() => database.stop())
  writeFileSync(join(dataDir, 'file'), '')
  const inFile = await startEmbedded({ dataDir: join(dataDir, 'file') }).catch((error: unknown) => error)
  t.type(inFile, EmbeddedError)

  const password = await readFile(join(other, 'postgres/password'), 'utf8')
  writeFileSync(join(other, 'postgres/password'), 'another')
  await t.rejects(startEmbedded({ dataDir: other }), {
    name: 'EmbeddedError',
    message: new RegExp(`\\(process ${postmasterOf(other)}\\) .* refuses the password in `),
  })
  writeFileSync(join(other, 'postgres/password'), password)
  await database.stop()

  await t.rejects(startEmbedded({ dataDir: other, settings: { shared_buffers: 'plenty' } }), {
    name: 'EmbeddedError',
    message: /does not start in .*: invalid value for parameter "shared_buffers": "plenty"/,
  })
  writeFileSync(join(other, 'postgres/data/PG_VERSION'), '15\n')
  await t.rejects(startEmbedded({ dataDir: other }), {
    name: 'EmbeddedError',
    message: /holds data of PostgreSQL 15, this is 18: run `npx anteroom upgrade-database`/,
  })
})
