import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, stat, statfs, truncate } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { type Cluster, nameFor, runAs } from './cluster.ts'
import { EmbeddedError } from './errors.ts'
import {
  findPostmaster,
  folderSetting,
  POLL_MS,
  type Postmaster,
  readPidFile,
  removeStalePidFile,
  stopPostmaster,
} from './postmaster.ts'
import { inspectProcess } from './processes.ts'

/** PostgreSQL settings by name; they win over the ones that Anteroom starts its server with. */
export type Settings = Readonly<Record<string, string>>

/** Recovery after a crash is included, which replays at most `max_wal_size`. */
const START_TIMEOUT_MS = 60_000
/** Each look at a server that is starting costs it a connection. */
const BUSY_POLL_MS = 20
const LOG_LIMIT_BYTES = 4 * 1024 * 1024
/** Containers often have 64 MiB of /dev/shm, which one parallel query may fill. */
const ROOMY_SHM_BYTES = 256 * 1024 * 1024

/** Failures after which another attempt finds another world: who holds the folder, or which port is free. */
const PASSING = /lock file ".*" already exists|could not create any TCP\/IP sockets|shared memory block/

/**
 * Finds the server that runs on the cluster, or starts one. Safe to call from several processes at once: the
 * winner's server is everyone's.
 * @returns the server, and whether this call started it.
 * @throws {EmbeddedError} with PostgreSQL's own reason when it does not start, or not within a minute.
 */
export async function ensureRunning(
  cluster: Cluster,
  binaries: Binaries,
  account: Account | null,
  settings: Settings,
): Promise<{ server: Postmaster; started: boolean }> {
  const deadline = Date.now() + START_TIMEOUT_MS
  let reason = 'it neither answers nor ends'
  while (Date.now() < deadline) {
    const found = await findPostmaster(cluster)
    if (found !== null && found !== 'busy') return { server: found, started: false }
    if (found === null) {
      await removeStalePidFile(cluster)
      const outcome = await launch(cluster, binaries, account, settings, deadline)
      if (typeof outcome !== 'string') return { server: outcome, started: true }
      reason = outcome
    }
    await delay(BUSY_POLL_MS)
  }
  throw new EmbeddedError(`PostgreSQL does not start in ${cluster.data}: ${reason} (see ${cluster.log})`)
}

/** Empties the server's log when it has grown past 4 MiB; the server appends, so it goes on from the start. */
export async function boundLog(cluster: Cluster): Promise<void> {
  const { size } = await stat(cluster.log).catch(() => ({ size: 0 }))
  if (size > LOG_LIMIT_BYTES) await truncate(cluster.log)
}

/** Starts a server of its own process group, which no terminal's Ctrl-C reaches. Returns why it failed. */
async function launch(
  cluster: Cluster,
  binaries: Binaries,
  account: Account | null,
  settings: Settings,
  deadline: number,
): Promise<Postmaster | string> {
  // Another start may be told the port of the one before, for clients that know no other.
  const port = settings.port ? Number(settings.port) : await freePort()
  const all = { ...(await defaults(binaries)), ...settings, port: String(port) }
  const args = ['-D', await nameFor(cluster.data, account)]
  for (const [name, value] of Object.entries(all)) args.push('-c', `${name}=${value}`)
  args.push('-c', folderSetting(cluster))

  await boundLog(cluster)
  const log = await open(cluster.log, 'a', 0o600)
  try {
    if (account !== null) await log.chown(account.uid, account.gid)
    const before = (await log.stat()).size
    const child = spawn(join(binaries.folder, 'bin/postgres'), args, {
      ...runAs(account),
      cwd: cluster.data,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    child.unref()
    await once(child, 'spawn')
    const { pid = 0 } = child
    const server = { pid, port, command: (await inspectProcess(pid))?.command ?? '' }
    while (child.exitCode === null && child.signalCode === null) {
      const file = await readPidFile(cluster)
      if (file?.pid === pid && file.ready) return server
      if (Date.now() > deadline) {
        await stopPostmaster(server)
        return 'it was not ready within a minute'
      }
      await delay(POLL_MS)
    }
    return whyEnded(cluster, pid, (await readFile(cluster.log)).subarray(before).toString())
  } finally {
    await log.close()
  }
}

/** @throws {EmbeddedError} with the last words of that server, unless trying again may help. */
function whyEnded(cluster: Cluster, pid: number, told: string): string {
  const lines = told.split('\n')
  // What the dynamic linker says has no prefix.
  const own = lines.findLast((line) => line.includes(`[${pid}] FATAL:`)) ?? lines.find((line) => line !== '')
  const reason = own?.replace(/^.*FATAL: */, '') ?? 'it ended without a word'
  if (PASSING.test(reason)) return reason
  throw new EmbeddedError(`PostgreSQL does not start in ${cluster.data}: ${reason}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/**
 * Given at each start on the command line, so that a newer Anteroom's settings hold for an older folder.
 * Statements and their values never get into the log: they may hold secrets.
 */
async function defaults({ major }: Binaries): Promise<Settings> {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    fsync: 'on',
    synchronous_commit: 'on',
    shared_buffers: '64MB',
    dynamic_shared_memory_type: await sharedMemoryType(),
    max_wal_size: '256MB',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    // Since PostgreSQL 18.
    ...(Number(major) >= 18 ? { io_method: 'sync' } : {}),
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    // Transactions are short: a circle of waiting ones is noticed after a tenth of a second, not after a whole one.
    deadlock_timeout: '100ms',
    log_line_prefix: '%m [%p] ',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    cluster_name: 'anteroom',
  }
}

async function sharedMemoryType(): Promise<string> {
  if (process.platform !== 'linux') return 'posix'
  const { blocks, bsize } = await statfs('/dev/shm').catch(() => ({ blocks: 0, bsize: 0 }))
  return blocks * bsize < ROOMY_SHM_BYTES ? 'mmap' : 'posix'
}
