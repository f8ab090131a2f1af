import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedDatabase, startEmbedded, stopEmbedded } from '../../db/embedded/launcher.ts'
import { makeTenant, startAnteroom, type Tenant } from './anteroom.ts'
import { type LoadGenerator, startLoadGenerator } from './load.ts'
import type { Server } from './process.ts'

const CAMPAIGNS = 20

/** What the rows share: one PostgreSQL, one Anteroom on it with a tenant, one load generator. */
export interface Stage {
  readonly generator: LoadGenerator
  /** For more servers like that one. */
  readonly databaseUrl: string
  /** For what is compared with it. */
  readonly superuserUrl: string
  readonly anteroom: Server
  readonly tenant: Tenant
  /** An empty folder, gone after the bench. */
  newFolder(): Promise<string>
  /** Ends everything, in the opposite order of its start. */
  close(): Promise<void>
}

/** Starts all that. What was started is ended again when a later part fails. */
export async function openStage(): Promise<Stage> {
  const undo: (() => Promise<void>)[] = []
  async function close(): Promise<void> {
    for (const step of undo.splice(0).reverse()) await step()
  }

  // PostgreSQL is a process group of its own and would live on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void close().finally(() => process.exit(1)))
  }

  async function newFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'anteroom-bench-'))
    undo.push(async () => {
      // A server that was killed has left its PostgreSQL behind.
      await stopEmbedded(folder)
      await rm(folder, { recursive: true, force: true })
    })
    // Under root, PostgreSQL runs as a user who has to get in.
    await chmod(folder, 0o755)
    return folder
  }

  try {
    const generator = startLoadGenerator()
    undo.push(() => generator.stop())
    const database: EmbeddedDatabase = await startEmbedded({ dataDir: await newFolder() })
    undo.push(() => database.stop())
    const anteroom = await startAnteroom({ DATABASE_URL: database.url, DATA_DIR: await newFolder() })
    undo.push(() => anteroom.stop())
    const tenant = await makeTenant(anteroom.url, CAMPAIGNS)
    const { url: databaseUrl, superuserUrl } = database
    return { generator, databaseUrl, superuserUrl, anteroom, tenant, newFolder, close }
  } catch (error) {
    await close()
    throw error
  }
}
