import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdir, open, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Account, canReach } from './account.ts'
import type { Binaries } from './binaries.ts'
import { codeOf, EmbeddedError } from './errors.ts'
import { signal } from './processes.ts'

/** Name of the superuser, who only starts and prepares the server, and of the database. */
export const SUPERUSER = 'anteroom'

/**
 * The files of one embedded PostgreSQL, in `<dataDir>/postgres`: `data/` (PostgreSQL's own), `password`
 * (of the superuser, readable by its owner alone) and `server.log`.
 */
export interface Cluster {
  readonly dataDir: string
  readonly data: string
  readonly log: string
  readonly password: string
}

/** @returns the cluster in that folder, or null when there is none yet. */
export async function readCluster(dataDir: string): Promise<Cluster | null> {
  try {
    const folder = join(await realpath(dataDir), 'postgres')
    const password = await readFile(join(folder, 'password'), 'utf8')
    return { dataDir, data: join(folder, 'data'), log: join(folder, 'server.log'), password }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * The cluster in that folder; initdb makes it when there is none. It is made under another name and renamed
 * when whole, so that neither a crash nor a second process that starts at once leaves half a cluster.
 * @throws {EmbeddedError} when the folder holds something else, or another major version's data.
 */
export async function openCluster(
  dataDir: string,
  binaries: Binaries,
  account: Account | null,
): Promise<Cluster> {
  const existing = (await readCluster(dataDir)) ?? (await createCluster(dataDir, binaries, account))
  const major = (await readFile(join(existing.data, 'PG_VERSION'), 'utf8')).trim()
  if (major !== binaries.major) {
    throw new EmbeddedError(
      `${existing.data} holds data of PostgreSQL ${major}, this is ${binaries.major}: run \`npx anteroom upgrade-database\` (docs/operations/upgrade.md)`,
    )
  }
  return existing
}

/**
 * What to call a folder when PostgreSQL is started in it. A process may work in a folder that it could not
 * enter by name: where `account` cannot pass the folders above (/root, say), Linux lets it say "my working
 * directory", which was set while still root.
 * @throws {EmbeddedError} on other systems, when the folder is out of reach.
 */
export async function nameFor(
  folder: string,
  account: Account | null,
  platform: NodeJS.Platform = process.platform,
): Promise<string> {
  if (await canReach(folder, account)) return folder
  if (platform === 'linux') return '/proc/self/cwd'
  throw new EmbeddedError(
    `PostgreSQL runs as the user ${account?.name}, who cannot enter ${folder}: set DATA_DIR to a folder open to all`,
  )
}

async function createCluster(dataDir: string, binaries: Binaries, account: Account | null): Promise<Cluster> {
  const root = await realpath(dataDir)
  const folder = join(root, 'postgres')
  await removeUnfinished(root)
  const unfinished = join(root, `postgres.new-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    await initialize(unfinished, binaries, account)
    await rename(unfinished, folder)
    await syncFolder(root)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another process was faster, and its cluster is as good; or else the folder holds something foreign.
    const foreign = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error))
    if (!foreign) throw error
  }
  const cluster = await readCluster(dataDir)
  if (cluster === null)
    throw new EmbeddedError(`${folder} exists but holds no database of Anteroom: move it away`)
  return cluster
}

async function initialize(folder: string, binaries: Binaries, account: Account | null): Promise<void> {
  const data = join(folder, 'data')
  const password = join(folder, 'password')
  await mkdir(folder, { mode: 0o700 })
  await mkdir(data, { mode: 0o700 })
  await writeFile(password, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx', flush: true })
  if (account !== null) {
    for (const path of [folder, data, password]) await chown(path, account.uid, account.gid)
  }
  const name = await nameFor(data, account)
  const options = [
    ...[
      '-U',
      SUPERUSER,
      '--pwfile',
      `${name}/../password`,
      '--auth=scram-sha-256',
      '-E',
      'UTF8',
      '--no-sync',
    ],
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'],
  ]
  const initdb = join(binaries.folder, 'bin/initdb')
  await run(initdb, ['-D', name, ...options], data, account)
  const single = ['--single', '-F', '-D', name, 'postgres']
  await run(join(binaries.folder, 'bin/postgres'), single, data, account, `create database ${SUPERUSER}\n`)
  await run(initdb, ['-D', name, '--sync-only'], data, account)
}

async function run(program: string, args: string[], cwd: string, account: Account | null, input = '') {
  const child = spawn(program, args, { ...runAs(account), cwd })
  child.stdin.on('error', () => {}).end(input)
  const [[code], told] = await Promise.all([once(child, 'close'), text(child.stderr), text(child.stdout)])
  const reason = /(?:error|ERROR|FATAL): *(.*)/.exec(told)?.[1]
  if (code !== 0 || reason !== undefined) {
    throw new EmbeddedError(`PostgreSQL cannot make its data folder ${cwd}: ${reason ?? `exit code ${code}`}`)
  }
}

/** Options of a child process: its user, and an environment without our secrets and without PG… variables. */
export function runAs(account: Account | null): { uid?: number; gid?: number; env: NodeJS.ProcessEnv } {
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
  // Node takes ids here as signed: macOS's nobody is -2.
  return account === null ? { env } : { uid: account.uid | 0, gid: account.gid | 0, env }
}

/** Removes what killed processes left of an initdb. */
async function removeUnfinished(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = /^postgres\.new-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !signal(Number(pid), 0))
      await rm(join(root, name), { recursive: true, force: true })
  }
}

/** Makes a rename in the folder survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
