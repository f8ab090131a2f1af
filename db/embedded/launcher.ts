import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { serviceAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { type Cluster, openCluster, readCluster } from './cluster.ts'
import { asEmbeddedError, EmbeddedError } from './errors.ts'
import { ownerUrl, prepareOwner } from './owner.ts'
import { type Ownership, takeOwnership } from './ownership.ts'
import { findPostmaster, type Postmaster, stopPostmaster, urlOf } from './postmaster.ts'
import { boundLog, ensureRunning, type Settings } from './start.ts'

export { EmbeddedError }

/** A running embedded PostgreSQL. */
export interface EmbeddedDatabase {
  /** `postgres://anteroom_owner:…@127.0.0.1:…/anteroom`, of the owner. Holds the password: not for logs. */
  readonly url: string
  /** The same for the superuser: for tests and benchmarks, never for the server. */
  readonly superuserUrl: string
  /** Whether the server ran already, left behind by a process that was killed (or `shared`). */
  readonly adopted: boolean
  /** Ends the server; resolves when none of its processes runs any more. Later calls give the same promise. */
  stop(): Promise<void>
}

/** What {@link startEmbedded} takes. */
export interface EmbeddedOptions {
  /** Made when missing. The database lies in its folder `postgres`. */
  dataDir: string
  /** Told in a line what happened. */
  log?: (line: string) => void
  /** For tests: several processes use the server, none owns it, and the one that started it stops it. */
  shared?: boolean
  /** PostgreSQL settings for a server that this call starts; an adopted one keeps its own. */
  settings?: Settings
  /** Called once when the server died or was taken over. Without `shared` only. */
  onLost?: (error: Error) => void
}

const ATTEMPTS = 5
const BUSY_MS = 10_000
const BUSY_POLL_MS = 20
const LOG_CHECK_MS = 60_000

/**
 * Starts (or adopts) PostgreSQL in `<dataDir>/postgres`, for this process alone unless `shared`. Under root it
 * runs as an unprivileged user, who then owns that folder. The server is a process group of its own and lives
 * on when this process is killed; the next call on the folder adopts it.
 * @throws {EmbeddedError} when another process uses the folder, or PostgreSQL cannot run here.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  try {
    return await start(options)
  } catch (error) {
    throw asEmbeddedError(error, options.dataDir)
  }
}

/**
 * For CLI commands: the owner's URL of a server already running on that folder, or null. Waits for one that starts or
 * stops, at most 10 s.
 * @throws {EmbeddedError} when the folder cannot be read.
 */
export async function findEmbedded(dataDir: string): Promise<{ url: string } | null> {
  const found = await findRunning(dataDir)
  return found && { url: found.url }
}

/**
 * Stops the server on that folder whoever started it: for the end of a run of tests that shared it.
 * @throws {EmbeddedError} when the folder cannot be read, or the server does not end.
 */
export async function stopEmbedded(dataDir: string): Promise<void> {
  const found = await findRunning(dataDir)
  if (found !== null) await stopPostmaster(found.server)
}

async function start(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const { dataDir, log = () => {}, shared = false, settings = {} } = options
  const onLost = options.onLost ?? ((error: Error) => log(error.message))
  const since = performance.now()
  await mkdir(dataDir, { recursive: true })
  const account = await serviceAccount([join(dataDir, 'postgres'), dataDir])
  const binaries = await findBinaries(dataDir, account)
  const cluster = await openCluster(dataDir, binaries, account)

  let started = false
  for (let attempt = 1; ; attempt += 1) {
    const running = await ensureRunning(cluster, binaries, account, settings)
    const { server } = running
    started ||= running.started
    let ownership: Ownership | null
    try {
      await prepareOwner(cluster, server)
      ownership = shared ? null : await takeOwnership(cluster, server, onLost)
    } catch (error) {
      if (error instanceof EmbeddedError) throw error
      // Its former owner may just have been stopping it.
      if (attempt < ATTEMPTS) continue
      if (started) await stopPostmaster(server)
      throw error
    }
    const how = started ? `started in ${Math.round(performance.now() - since)} ms` : 'was running already'
    log(`PostgreSQL ${how} (process ${server.pid}, port ${server.port}, ${cluster.data})`)
    const trimming = setInterval(() => void boundLog(cluster).catch(() => {}), LOG_CHECK_MS).unref()
    const end = async (): Promise<void> => {
      clearInterval(trimming)
      if (ownership !== null) await ownership.release(() => stopPostmaster(server))
      else if (started) await stopUnlessTaken(cluster, server)
    }
    let ended: Promise<void> | undefined
    return {
      url: ownerUrl(cluster, server.port),
      superuserUrl: urlOf(cluster, server.port),
      adopted: !started,
      stop: () => {
        ended ??= end()
        return ended
      },
    }
  }
}

/** Stops a server that was started for others too, unless a process has made it its own since. */
async function stopUnlessTaken(cluster: Cluster, server: Postmaster): Promise<void> {
  let ownership: Ownership | null = null
  try {
    ownership = await takeOwnership(cluster, server, () => {}, 0)
  } catch (error) {
    if (error instanceof EmbeddedError) return
  }
  // Held until the end, so that nobody takes a server that is going.
  const stop = () => stopPostmaster(server)
  await (ownership === null ? stop() : ownership.release(stop))
}

async function findRunning(dataDir: string): Promise<{ url: string; server: Postmaster } | null> {
  try {
    const cluster = await readCluster(dataDir)
    const deadline = Date.now() + BUSY_MS
    while (cluster !== null && Date.now() < deadline) {
      const server = await findPostmaster(cluster)
      if (server === null) return null
      if (server !== 'busy') return { url: ownerUrl(cluster, server.port), server }
      await delay(BUSY_POLL_MS)
    }
    return null
  } catch (error) {
    throw asEmbeddedError(error, dataDir)
  }
}
