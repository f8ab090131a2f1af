import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import postgres from 'postgres'
import t from 'tap'
import { commandLine } from '../support/command.ts'
import { createTestDatabase, TEST_KEY } from '../support/database.ts'
import { testServer } from '../support/postgres.ts'

t.setTimeout(180_000)

t.test('a database that a newer version has migrated is left alone', async (t) => {
  const database = await createTestDatabase()
  t.teardown(() => database.drop())
  const owner = new URL((await testServer()).ownerUrl)
  owner.pathname = new URL(database.url).pathname
  const sql = postgres(database.url, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  await sql`insert into __drizzle_migrations (hash, created_at) values ('later', ${Date.now() * 2})`

  const variables = { DATABASE_URL: owner.href, ENCRYPTION_KEY: TEST_KEY, DATA_DIR: t.testdir(), PORT: '0' }
  const anteroom = commandLine(variables)
  const line =
    'The database was migrated by a newer version of Anteroom: start that version, or restore a backup'
  for (const command of [['migrate'], ['organizations', 'list']]) {
    const ended = await anteroom(...command)
    t.equal(ended.code, 1)
    t.equal(ended.error.split(' (')[0], line, command.join(' '))
    t.equal(ended.error.trim().split('\n').length, 1, 'one line')
  }
  const env = { PATH: process.env.PATH, ...variables }
  const server = spawn(process.execPath, ['server.ts'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(() => server.kill('SIGKILL'))
  const [told, [code]] = await Promise.all([text(server.stderr), once(server, 'close')])
  t.equal(code, 1)
  t.match(told, line)
})
