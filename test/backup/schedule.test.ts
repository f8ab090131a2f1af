import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { newRecoveryKey } from '../../operations/backup/recovery-key.ts'
import { commandLine } from '../support/command.ts'
import { createTestDatabase, TEST_KEY } from '../support/database.ts'
import { testServer } from '../support/postgres.ts'
import { until } from '../support/until.ts'

t.setTimeout(120_000)

t.test('a scheduled backup writes an archive now and then, until it is told to end', async (t) => {
  const database = await createTestDatabase()
  t.teardown(() => database.drop())
  const owner = new URL((await testServer()).ownerUrl)
  owner.pathname = new URL(database.url).pathname
  const folder = t.testdir()
  const variables = { DATABASE_URL: owner.href, ENCRYPTION_KEY: TEST_KEY, DATA_DIR: join(folder, 'data') }
  const { recipient } = await newRecoveryKey()
  const to = ['backup', '--to', join(folder, 'archives'), '--recipient', recipient]
  for (const wrong of [
    ['--every', '0'],
    ['--keep', '0'],
  ])
    t.match(await commandLine(variables)(...to, ...wrong), { code: 1, error: /must be/ })

  const env = { PATH: process.env.PATH, ...variables }
  // Every other second: a name tells the second.
  const often = ['--every', '0.0006', '--keep', '2']
  const child = spawn(process.execPath, ['bin/anteroom.ts', ...to, ...often], { env, stdio: 'pipe' })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  let told = ''
  child.stdout.on('data', (chunk) => {
    told += chunk
  })
  await until(async () => /older archives removed/.test(told), 'a third archive')
  child.kill('SIGTERM')
  t.same(await ended, [0, null])
  const archives = await readdir(join(folder, 'archives'))
  t.equal(archives.length, 2, 'two stay')
  t.ok(archives.every((name) => name.endsWith('.tar.age')))
})
