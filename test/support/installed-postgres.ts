import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import postgres from 'postgres'
import { serviceAccount } from '../../db/embedded/account.ts'
import { runAs } from '../../db/embedded/cluster.ts'
import { until } from './until.ts'

/** Where Debian installs PostgreSQL, a folder for each major version. */
export const INSTALLED = '/usr/lib/postgresql'

/** A server of an installed PostgreSQL, as operators have it. */
export interface InstalledServer {
  /** The superuser's URL, on the database `postgres`. */
  readonly url: string
  /** The URL of a login that owns the database `anteroom`, may create roles, and is no superuser. */
  readonly ownerUrl: string
  stop(): Promise<void>
}

/**
 * Starts an installed PostgreSQL with a new cluster.
 * @param version the major version, e.g. `15`
 * @param folder an empty folder that everyone may enter
 * @param settings PostgreSQL settings, e.g. `max_connections=300`
 */
export async function startInstalled(
  version: string,
  folder: string,
  settings: readonly string[] = [],
): Promise<InstalledServer> {
  const programs = join(INSTALLED, version, 'bin')
  const account = await serviceAccount([folder])
  const data = join(folder, 'data')
  await mkdir(data)
  await chmod(data, 0o700)
  if (account) await chown(data, account.uid, account.gid)
  const options = { ...runAs(account), cwd: data }
  const [superuser, owner] = ['anteroom:fake-superuser', 'anteroom_owner:fake-owner']
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, 'fake-superuser')
  const cluster = ['-D', data, '-U', 'anteroom', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  execFileSync(join(programs, 'initdb'), [...cluster, '-E', 'UTF8', '--locale=C.UTF-8'], options)
  const port = await freePort()
  const all = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `port=${port}`,
    'fsync=off',
    ...settings,
  ]
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, ...all.flatMap((setting) => ['-c', setting])],
    { ...options, stdio: 'ignore' },
  )
  const ended = once(server, 'exit')
  const url = `postgres://${superuser}@127.0.0.1:${port}/postgres`
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  const answers = () =>
    admin`select 1`.then(
      () => true,
      () => false,
    )
  try {
    await until(answers, 'the server to answer')
    await admin`create role anteroom_owner login createrole password 'fake-owner'`
    await admin`create database anteroom owner anteroom_owner`
  } finally {
    await admin.end()
  }
  return {
    url,
    ownerUrl: `postgres://${owner}@127.0.0.1:${port}/anteroom`,
    async stop() {
      server.kill('SIGINT')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  return typeof address === 'object' && address ? address.port : 0
}
