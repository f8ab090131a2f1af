import { setTimeout as delay } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import type { Cluster } from './cluster.ts'
import { EmbeddedError } from './errors.ts'
import { ownerUrl } from './owner.ts'
import { isRunning, type Postmaster } from './postmaster.ts'
import { signal } from './processes.ts'

/** The hold of one process on an embedded server; the server drops it by itself when the process dies. */
export interface Ownership {
  /** Runs `end`, during which the server may go away, and gives the hold up. */
  release(end: () => Promise<void>): Promise<void>
}

/** Key of the advisory lock, in the database `anteroom`: "ANTE", 1. */
const LOCK = { classid: 0x414e5445, objid: 1 }
const RETRY_MS = 20
/** How long a holder may take to vanish: its process is dead, but its connection not yet closed. */
const DEAD_HOLDER_MS = 5_000
/** A holder that was just told to end stops PostgreSQL itself. */
const LIVE_HOLDER_MS = 3_000
const REGAIN_MS = 10_000

/**
 * Makes this process the one that uses the server: a session's advisory lock, so that neither a crash leaves
 * it behind nor a reused process number fakes it.
 * @param onLost called once when the hold is gone for good: the server died, or someone else took it.
 * @param liveHolderMs how long a holder that lives may take to let go
 * @throws {EmbeddedError} naming the process that holds it.
 */
export async function takeOwnership(
  cluster: Cluster,
  server: Postmaster,
  onLost: (error: EmbeddedError) => void,
  liveHolderMs = LIVE_HOLDER_MS,
): Promise<Ownership> {
  const state = { held: false, released: false }
  const sql = postgres(ownerUrl(cluster, server.port), {
    max: 1,
    max_lifetime: null,
    connect_timeout: 5,
    fetch_types: false,
    connection: { application_name: `anteroom owner ${process.pid}` },
    onclose: () => {
      if (!state.held || state.released) return
      state.held = false
      void regain()
    },
  })

  async function regain(): Promise<void> {
    const deadline = Date.now() + REGAIN_MS
    // PostgreSQL ends all connections, and lives on, when one of its processes crashes.
    while (!state.released && Date.now() < deadline && (await isRunning(server))) {
      state.held = (await tryLock(sql).catch(() => null)) === 'mine'
      if (state.held) return
      await delay(RETRY_MS)
    }
    if (state.released) return
    state.released = true
    await sql.end({ timeout: 0 })
    onLost(new EmbeddedError(`The embedded PostgreSQL (process ${server.pid}) in ${cluster.dataDir} is gone`))
  }

  try {
    await lock(sql, cluster, liveHolderMs)
    state.held = true
  } catch (error) {
    await sql.end({ timeout: 0 })
    throw error
  }
  return {
    async release(end) {
      state.released = true
      await end()
      await sql.end({ timeout: 0 })
    },
  }
}

async function lock(sql: Sql, cluster: Cluster, liveHolderMs: number): Promise<void> {
  const since = Date.now()
  for (;;) {
    const holder = await tryLock(sql)
    if (holder === 'mine') return
    const patience = holder !== null && signal(holder, 0) ? liveHolderMs : DEAD_HOLDER_MS
    if (Date.now() - since > patience) {
      const who = holder === null ? 'another process' : `process ${holder}`
      throw new EmbeddedError(
        `${cluster.dataDir} is in use by ${who}: stop it first, or set DATA_DIR to another folder`,
      )
    }
    await delay(RETRY_MS)
  }
}

/** @returns `'mine'`, or the process that holds the lock, null where it could not be told. */
async function tryLock(sql: Sql): Promise<'mine' | number | null> {
  const { classid, objid } = LOCK
  const [attempt] = await sql<{ mine: boolean }[]>`select pg_try_advisory_lock(${classid}, ${objid}) as mine`
  if (attempt?.mine) return 'mine'
  const [holder] = await sql<{ name: string }[]>`
    select application_name as name from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())
      and classid = ${classid}::int::oid and objid = ${objid}::int::oid and objsubid = 2`
  const pid = Number(/(\d+)$/.exec(holder?.name ?? '')?.[1] ?? 0)
  return pid > 0 ? pid : null
}
