import { fileURLToPath } from 'node:url'
import { type EmbeddedDatabase, startEmbedded } from '../../db/embedded/launcher.ts'

/** Where the PostgreSQL of the tests keeps its files; nothing in it is worth keeping. */
export const TEST_DATA_DIR = fileURLToPath(new URL('../../.data/test', import.meta.url))

/** Starts the server that all tests share, or finds it running. It gives durability away for speed. */
export function startTestServer(): Promise<EmbeddedDatabase> {
  return startEmbedded({
    dataDir: TEST_DATA_DIR,
    shared: true,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '300',
      autovacuum: 'off',
    },
  })
}

/** The server that the tests share. */
export interface TestServer {
  /** The superuser's URL, on the database `anteroom`, which tests leave alone and create databases of their own beside. */
  readonly url: string
  /** The URL of the login that owns their databases, as the server's own owner is: no superuser. */
  readonly ownerUrl: string
}

let server: Promise<TestServer> | undefined

/**
 * The PostgreSQL server for tests: the one that `on-postgres.ts` runs them on, else the embedded one. `before.ts` has
 * started that for a run of tap; for a test file run by hand this starts it, and stops it when the file's tests have
 * ended.
 */
export function testServer(): Promise<TestServer> {
  server ??= startForFile()
  return server
}

async function startForFile(): Promise<TestServer> {
  const { TEST_POSTGRES_URL: url, TEST_POSTGRES_OWNER_URL: ownerUrl } = process.env
  if (url && ownerUrl) return { url, ownerUrl }
  const started = await startTestServer()
  if (!started.adopted) {
    const { default: t } = await import('tap')
    t.teardown(() => started.stop())
  }
  return { url: started.superuserUrl, ownerUrl: started.url }
}
