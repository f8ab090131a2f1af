// Runs tests on an installed PostgreSQL instead of the embedded one: `node test/support/on-postgres.ts 15 test/db`.
// Without the version: on each that is installed. The other arguments are those of tap.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { INSTALLED, startInstalled } from './installed-postgres.ts'

const [first = '', ...rest] = process.argv.slice(2)
const named = /^\d+$/.test(first)
const installed = existsSync(INSTALLED) ? await readdir(INSTALLED) : []
const versions = named ? [first] : installed
if (versions.length === 0) console.log('Skipped: no PostgreSQL is installed besides the embedded one.')
for (const version of versions) {
  const code = await testOn(version, named ? rest : process.argv.slice(2))
  if (code !== 0) process.exit(code)
}

async function testOn(version: string, args: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-postgres-'))
  await chmod(folder, 0o755)
  const server = await startInstalled(version, folder, ['max_connections=300', 'autovacuum=off'])
  try {
    console.log(`Tests on PostgreSQL ${version}`)
    const env = { ...process.env, TEST_POSTGRES_URL: server.url, TEST_POSTGRES_OWNER_URL: server.ownerUrl }
    const tap = spawn('tap', ['--disable-coverage', ...args], { stdio: 'inherit', env })
    const [code] = await once(tap, 'exit')
    return (code as number | null) ?? 1
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
