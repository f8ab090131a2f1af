// Run by tap before the tests: one PostgreSQL for all of them. It lives on until after.ts ends it.
import { rm } from 'node:fs/promises'
import { startTestServer, TEST_DATA_DIR } from './postgres.ts'

try {
  await startTestServer()
} catch {
  // It runs without fsync, so a crash of the machine may have left it in ruins.
  await rm(TEST_DATA_DIR, { recursive: true, force: true })
  await startTestServer()
}
