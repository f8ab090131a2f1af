// Run by tap before the tests: one PostgreSQL for all of them. It lives on until after.ts ends it.
// The unit lane needs none.
import { rm } from 'node:fs/promises'
import { startTestServer, TEST_DATA_DIR } from './postgres.ts'

if (process.env.TEST_LANE !== 'unit') await start()

async function start(): Promise<void> {
  try {
    await startTestServer()
  } catch {
    // It runs without fsync, so a crash of the machine may have left it in ruins.
    await rm(TEST_DATA_DIR, { recursive: true, force: true })
    await startTestServer()
  }
}
