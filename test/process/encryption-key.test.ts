import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { freshFolder } from '../db/embedded-harness.ts'
import { testApp } from '../support/app.ts'
import { createTestDatabase, TEST_KEY, testLogins } from '../support/database.ts'
import { startServer } from '../support/server-process.ts'

const run = promisify(execFile)
const another = () => randomBytes(32).toString('base64')
const REFUSED =
  /ENCRYPTION_KEY is not the key that sealed the secrets of the sandbox database: put that key back/

/** Runs a command, and gives what it wrote. */
function commandOf(databaseUrl: string) {
  return (variables: Record<string, string>, ...command: string[]) =>
    run(process.execPath, command, {
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        LOG_LEVEL: 'silent',
        DATABASE_URL: databaseUrl,
        ...variables,
      },
    })
}

async function newDatabase(t: Test): Promise<{ ownerUrl: string; sql: postgres.Sql }> {
  const { url, logins, drop } = await createTestDatabase()
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(async () => {
    await sql.end()
    await drop()
  })
  return { ownerUrl: logins.owner, sql }
}

t.test('whatever starts with another encryption key is refused, and changes nothing', async (t) => {
  const { ownerUrl, sql } = await newDatabase(t)
  const server = await startServer(t, { DATABASE_URL: ownerUrl })
  await server.end('SIGTERM')
  const wrongKey = another()
  const command = commandOf(ownerUrl)
  for (const started of [
    ['server.ts'],
    ['bin/anteroom.ts', 'migrate'],
    ['bin/anteroom.ts', 'worker'],
    ['bin/anteroom.ts', 'organizations', 'list'],
  ]) {
    const wrong = command({ ENCRYPTION_KEY: wrongKey }, ...started)
    await t.rejects(wrong, { code: 1, stderr: REFUSED }, started.join(' '))
  }
  const folder = await freshFolder(t)
  await writeFile(join(folder, 'encryption.key'), wrongKey)
  const line = /DATA_DIR: the file .+encryption\.key is not the key/
  await t.rejects(command({ DATA_DIR: folder }, 'server.ts'), { code: 1, stderr: line })
  const names = testLogins(ownerUrl, { key: wrongKey }).members.map(({ name }) => name)
  t.same(await sql`select rolname from pg_roles where rolname = any (${names})`, [])
  t.match(await command({ ENCRYPTION_KEY: TEST_KEY }, 'bin/anteroom.ts', 'migrate'), { stdout: /up to date/ })
})

t.test('a database without a canary is checked by a secret that is sealed in it', async (t) => {
  const server = await testApp(t)
  const { auth } = await server.tenant()
  const body = { url: 'https://example.com/hook', events: ['campaign.created'] }
  t.equal((await server.call('POST', '/api/webhooks', { headers: auth, body })).status, 201)
  const command = commandOf(server.databaseUrl)
  await t.rejects(command({ ENCRYPTION_KEY: another() }, 'bin/anteroom.ts', 'migrate'), {
    code: 1,
    stderr: REFUSED,
  })
  await command({ ENCRYPTION_KEY: TEST_KEY }, 'bin/anteroom.ts', 'migrate')
  await t.rejects(command({ ENCRYPTION_KEY: another() }, 'bin/anteroom.ts', 'worker'), {
    code: 1,
    stderr: REFUSED,
  })
})

t.test('an operator who lost the key starts over with another one', async (t) => {
  const { ownerUrl } = await newDatabase(t)
  const command = commandOf(ownerUrl)
  const folder = join(await freshFolder(t), 'data')
  await mkdir(folder)
  const [old, young] = [another(), another()]
  await command({ ENCRYPTION_KEY: old }, 'bin/anteroom.ts', 'migrate')
  await t.rejects(command({ ENCRYPTION_KEY: young }, 'bin/anteroom.ts', 'migrate'), {
    code: 1,
    stderr: REFUSED,
  })
  await command({ ENCRYPTION_KEY: young }, 'bin/anteroom.ts', 'migrate', '--accept-encryption-key')
  await command({ ENCRYPTION_KEY: young }, 'bin/anteroom.ts', 'migrate')
  await t.rejects(command({ ENCRYPTION_KEY: old }, 'bin/anteroom.ts', 'migrate'), {
    code: 1,
    stderr: REFUSED,
  })
})
