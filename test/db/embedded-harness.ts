import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres, { type Sql } from 'postgres'
import type { Test } from 'tap'
import type { Account } from '../../db/embedded/account.ts'
import { findEmbedded, stopEmbedded } from '../../db/embedded/launcher.ts'
import { inspectProcess } from '../../db/embedded/processes.ts'
import type { HolderEvent } from './embedded-process.ts'

/** A process that holds an embedded database. */
export interface Holder {
  readonly pid: number
  /** The next thing that it tells. */
  next(): Promise<HolderEvent>
  /** Sends a signal to its whole process group, as a terminal does, and waits until it is gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('embedded-process.ts', import.meta.url))

/**
 * A fresh folder that everyone may enter, removed when the test ends. tap's own `testdir` goes before the
 * teardowns run, under the feet of whatever still works in it.
 */
export async function freshFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'anteroom-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o755)
  return folder
}

/** A fresh data folder with a long name with blanks; whatever runs on it is stopped when the test ends. */
export async function dataFolder(t: Test): Promise<string> {
  const folder = join(await freshFolder(t), 'a folder with blanks', 'and a long name '.repeat(7).trim())
  await mkdir(folder, { recursive: true })
  t.teardown(() => stopEmbedded(folder))
  return folder
}

/**
 * Starts a process that holds the database in that folder.
 * @param as the user to run it as, or the program in another place: it then runs without tap's instruments,
 *   which write where that user may not.
 */
export function spawnHolder(
  t: Test,
  dataDir: string,
  as: { account?: Account | null; program?: string } = {},
): Holder {
  const command = [process.execPath, as.program ?? PROGRAM, dataDir]
  if (as.account !== undefined || as.program !== undefined) command.unshift('/usr/bin/env', '-i')
  const child = spawn(command[0] ?? '', command.slice(1), {
    ...(as.account && { uid: as.account.uid | 0, gid: as.account.gid | 0 }),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { pid = 0, stdout } = child
  if (stdout === null) throw new Error('no pipe')
  const lines = createInterface(stdout)[Symbol.asyncIterator]()
  const exited = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, signal)
    await exited
  }
  t.teardown(() => end('SIGKILL'))
  return {
    pid,
    async next() {
      const { value } = await lines.next()
      return JSON.parse(String(value)) as HolderEvent
    },
    end,
  }
}

/** A client of that server, closed when the test ends. */
export function client(t: Test, url: string): Sql {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 1 }))
  return sql
}

/** A client of whatever server runs on the folder. */
export async function clientOf(t: Test, dataDir: string): Promise<Sql> {
  const found = await findEmbedded(dataDir)
  if (found === null) throw new Error('nothing runs there')
  return client(t, found.url)
}

/** The process id of the server on that folder. */
export function postmasterOf(dataDir: string): number {
  return Number(readFileSync(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0])
}

/** The process ids of the server and of all that work for it. */
export async function processesOf(sql: Sql, dataDir: string): Promise<number[]> {
  const rows = await sql<{ pid: number }[]>`select pid from pg_stat_activity`
  return [postmasterOf(dataDir), ...rows.map(({ pid }) => pid)]
}

/** Waits until none of the processes runs. */
export async function gone(pids: readonly number[]): Promise<void> {
  while ((await Promise.all(pids.map((pid) => inspectProcess(pid)))).some((found) => found !== null))
    await delay(10)
}
