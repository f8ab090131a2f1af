import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serviceAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { readCluster } from './cluster.ts'
import { EmbeddedError } from './errors.ts'
import { type EmbeddedDatabase, startEmbedded } from './launcher.ts'
import { findPostmaster, stopPostmaster, urlOf } from './postmaster.ts'
import { ensureRunning } from './start.ts'

/** Two servers: one on the files that there are, and one on new files beside them. */
export interface Upgrade {
  readonly from: string
  readonly to: string
  /** The superuser's URL of the old server. */
  readonly oldUrl: string
  /** Of the new server. */
  readonly database: EmbeddedDatabase
}

/**
 * Runs the server of an older PostgreSQL on a data folder, and a new one beside it, while the work copies from one to the
 * other. Then the new files take the place of the old ones, which stay as `postgres.old-<major>`. When anything fails
 * before that, the old files are as they were.
 * @param programs the folder of the older PostgreSQL, which holds `bin/postgres`
 * @returns null when the files are of the version that this Anteroom brings
 * @throws {EmbeddedError} when there is no database, a server runs on it, or the programs are of another version
 */
export async function upgradeEmbedded(
  dataDir: string,
  programs: string,
  work: (upgrade: Upgrade) => Promise<void>,
): Promise<{ from: string; to: string; kept: string } | null> {
  const cluster = await readCluster(dataDir)
  if (cluster === null) throw new EmbeddedError(`There is no database in ${dataDir}`)
  const from = (await readFile(join(cluster.data, 'PG_VERSION'), 'utf8')).trim()
  const account = await serviceAccount([join(dataDir, 'postgres'), dataDir])
  const { major: to } = await findBinaries(dataDir, account)
  if (from === to) return null
  if ((await findPostmaster(cluster)) !== null)
    throw new EmbeddedError(`A server runs on ${cluster.data}: stop it first`)
  const kept = join(dataDir, `postgres.old-${from}`)
  if (await stat(kept).catch(() => null)) throw new EmbeddedError(`${kept} is there already: move it away`)
  await requireMajor(programs, from)

  const beside = join(dataDir, 'upgrade')
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { recursive: true })
  const { server } = await ensureRunning(cluster, { folder: programs, major: from }, account, {})
  try {
    const database = await startEmbedded({ dataDir: beside, shared: true })
    try {
      await work({ from, to, oldUrl: urlOf(cluster, server.port), database })
    } finally {
      await database.stop()
    }
  } finally {
    await stopPostmaster(server)
  }
  await rename(join(dataDir, 'postgres'), kept)
  await rename(join(beside, 'postgres'), join(dataDir, 'postgres'))
  await rm(beside, { recursive: true, force: true })
  return { from, to, kept }
}

async function requireMajor(programs: string, major: string): Promise<void> {
  const path = join(programs, 'bin/postgres')
  const { stdout } = await promisify(execFile)(path, ['--version']).catch((cause) => {
    throw new EmbeddedError(
      `${path} does not run: name the folder of PostgreSQL ${major} that holds bin/postgres`,
      {
        cause,
      },
    )
  })
  const found = /(\d+)[.\w]*\s*(\(|$)/.exec(stdout.replace(/^.*\(PostgreSQL\) /, '').trim())?.[1]
  if (found === major) return
  throw new EmbeddedError(
    `${path} is of PostgreSQL ${found ?? 'an unknown version'}, and the data are of ${major}`,
  )
}
