import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { freePort } from '../harness/free-port.ts'
import { type Server, startServer } from '../harness/process.ts'

/** Several API processes on one PostgreSQL that can be restarted under them. */
export interface Fleet {
  readonly servers: readonly Server[]
  /** The superuser's URL; the same after a restart. */
  readonly databaseUrl: string
  restartDatabase(): Promise<void>
  stop(): Promise<void>
}

/** Variables for a fleet that is asked for more than any limit allows, with hashes that cost little. */
export const unlimited = {
  ANTEROOM_ENV: 'sandbox',
  // Processes of one database need one key.
  ENCRYPTION_KEY: Buffer.alloc(32, 'a key for fleets').toString('base64'),
  LOG_LEVEL: 'silent',
  KEY_BCRYPT_COST: '4',
  PASSWORD_BCRYPT_COST: '4',
  RATE_LIMIT_PER_MINUTE: '1000000000',
  AUTH_FAILURES_PER_MINUTE: '1000000000',
  SIGNUPS_PER_HOUR: '1000000000',
} as const

/**
 * Starts them as processes of their own (`node server.ts`).
 * @param variables environment variables besides `DATABASE_URL`, `DATA_DIR` and `PORT`
 * @param args what each gets
 */
export async function startFleet(
  count: number,
  variables: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-fleet-'))
  // Under root, PostgreSQL runs as a user who has to get in.
  await chmod(folder, 0o755)
  // The same one after a restart: the processes know no other.
  const settings = { port: String(await freePort()) }
  let database = await startEmbedded({ dataDir: folder, settings })
  const databaseUrl = database.superuserUrl
  const servers: Server[] = []
  const fleet: Fleet = {
    servers,
    databaseUrl,
    async restartDatabase() {
      await database.stop()
      database = await startEmbedded({ dataDir: folder, settings })
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()))
      await database.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    for (let index = 0; index < count; index += 1) {
      const env = { ...variables, DATABASE_URL: databaseUrl, DATA_DIR: join(folder, `api-${index}`) }
      const script = new URL('../../server.ts', import.meta.url)
      servers.push(await startServer({ script, args, env, readyPath: '/readyz' }))
    }
    return fleet
  } catch (error) {
    await fleet.stop()
    throw error
  }
}
