import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { type Cluster, SUPERUSER } from './cluster.ts'
import { codeOf, EmbeddedError } from './errors.ts'
import { inspectProcess, type ProcessInfo, signal } from './processes.ts'

/** A PostgreSQL that answers, and works on the cluster's own folder. */
export interface Postmaster {
  readonly pid: number
  /** Its program and arguments: tells it from a later process of the same number. */
  readonly command: string
  readonly port: number
}

/** How often a condition outside this process is looked at again, in milliseconds. */
export const POLL_MS = 5

/** What postmaster.pid says. */
interface PidFile {
  readonly text: string
  readonly pid: number
  readonly port: number
  readonly ready: boolean
}

/** The URL of a database of that server: the superuser's, unless told otherwise. */
export function urlOf(
  cluster: Cluster,
  port: number,
  { user = SUPERUSER, password = cluster.password, database = SUPERUSER } = {},
): string {
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`
}

/** Reads postmaster.pid; null when there is none, or no whole one. */
export async function readPidFile(cluster: Cluster): Promise<PidFile | null> {
  try {
    const text = await readFile(join(cluster.data, 'postmaster.pid'), 'utf8')
    const lines = text.split('\n')
    const pid = Number(lines[0])
    if (!Number.isSafeInteger(pid) || pid <= 1) return null
    return { text, pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === 'ready' }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * Tells whether a server runs on the cluster, however it was started. postmaster.pid alone proves nothing:
 * its process may be long gone and the number given to another, or the folder be a copy of one in use.
 * @returns the server; `'busy'` while one starts or stops; null when none runs.
 * @throws {EmbeddedError} when a server on the folder refuses the password kept beside it.
 */
export async function findPostmaster(cluster: Cluster): Promise<Postmaster | 'busy' | null> {
  const file = await readPidFile(cluster)
  if (file === null) return null
  const found = await inspectProcess(file.pid)
  if (found === null) return null
  const answer = file.port > 0 ? await ask(cluster, file.port) : null
  if (typeof answer === 'number') {
    const pid = (await inspectProcess(answer))?.parent ?? file.pid
    const command = (await inspectProcess(pid))?.command
    return command === undefined ? 'busy' : { pid, command, port: file.port }
  }
  if (answer === 'foreign' || !worksOn(cluster, found)) return null
  if (answer === 'refused') {
    throw new EmbeddedError(
      `PostgreSQL (process ${file.pid}) on ${cluster.data} refuses the password in ${join(cluster.data, '../password')}`,
    )
  }
  return 'busy'
}

/**
 * Asks the server on a port to read a file that we just wrote: only one that works on this very folder can.
 * @returns its backend's process id; `'foreign'` when it works elsewhere; `'refused'` for a wrong password;
 *   null when it gives no answer (yet).
 */
async function ask(cluster: Cluster, port: number): Promise<number | 'foreign' | 'refused' | null> {
  const name = `anteroom-probe-${randomBytes(8).toString('hex')}`
  const path = join(cluster.data, name)
  await writeFile(path, name, { mode: 0o644, flag: 'wx' })
  const sql = postgres(urlOf(cluster, port, { database: 'postgres' }), {
    max: 1,
    connect_timeout: 3,
    fetch_types: false,
  })
  try {
    const rows = await sql<{ pid: number; token: string | null }[]>`
      select pg_backend_pid() as pid, pg_read_file(${name}, 0, 100, true) as token`
    const [row] = rows
    return row?.token === name ? row.pid : 'foreign'
  } catch (error) {
    return codeOf(error) === '28P01' ? 'refused' : null
  } finally {
    await Promise.allSettled([sql.end({ timeout: 1 }), rm(path, { force: true })])
  }
}

/**
 * A setting that PostgreSQL ignores; as its last argument it ties the process to the folder even while the
 * server does not answer.
 */
export function folderSetting(cluster: Cluster): string {
  return `anteroom.folder=${cluster.data}`
}

function worksOn(cluster: Cluster, found: ProcessInfo): boolean {
  return found.command.trimEnd().endsWith(folderSetting(cluster))
}

/** Whether the server's process still runs. */
export async function isRunning(server: Postmaster): Promise<boolean> {
  const command = (await inspectProcess(server.pid))?.command
  // Linux drops the arguments of a process a moment before the process itself.
  return command === server.command || command === ''
}

/**
 * Takes a postmaster.pid away whose server {@link findPostmaster} did not find. PostgreSQL does it by itself
 * where the process is gone, not where its number now belongs to another process of the same user. Even
 * where this errs, PostgreSQL keeps a second server off the folder by its shared memory.
 */
export async function removeStalePidFile(cluster: Cluster): Promise<void> {
  const path = join(cluster.data, 'postmaster.pid')
  const before = await readPidFile(cluster)
  const found = before && (await inspectProcess(before.pid))
  if (before === null || (found !== null && worksOn(cluster, found))) return
  const aside = `${path}.stale-${randomBytes(4).toString('hex')}`
  try {
    await rename(path, aside)
    // A server that another process started in between wrote its own file: put it back.
    if ((await readFile(aside, 'utf8')) !== before.text) await link(aside, path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(aside, { force: true })
  }
}

/**
 * Stops a server and waits until its process is gone: open transactions are rolled back (SIGINT, "fast"); one
 * that has not ended after 5 s is made to (SIGQUIT: it recovers from its log at the next start).
 * @throws {EmbeddedError} when it still runs after 15 s.
 */
export async function stopPostmaster(server: Postmaster): Promise<void> {
  for (const [name, seconds] of [['SIGINT', 5] as const, ['SIGQUIT', 10] as const]) {
    if (!(await isRunning(server)) || !signal(server.pid, name)) return
    const deadline = Date.now() + seconds * 1000
    while (Date.now() < deadline) {
      if (!(await isRunning(server))) return
      await delay(POLL_MS)
    }
  }
  throw new EmbeddedError(`PostgreSQL (process ${server.pid}) does not end`)
}
