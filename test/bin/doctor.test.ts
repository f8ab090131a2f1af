import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import t from 'tap'
import { freshFolder } from '../db/embedded-harness.ts'
import { createTestDatabase, TEST_KEY } from '../support/database.ts'
import { startServer } from '../support/server-process.ts'

const run = promisify(execFile)
const { logins, drop } = await createTestDatabase()
t.teardown(drop)

interface Report {
  healthy: boolean
  checks: { name: string; status: string; found: string; toDo: string | null }[]
}

async function doctor(variables: Record<string, string>, ...args: string[]) {
  const env = { PATH: process.env.PATH, DATABASE_URL: logins.owner, ENCRYPTION_KEY: TEST_KEY, ...variables }
  return run(process.execPath, ['bin/anteroom.ts', 'doctor', ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

t.test('a system at work is healthy; each fault is told with what to do', async (t) => {
  const folder = await freshFolder(t)
  const variables = { DATA_DIR: folder }
  const server = await startServer(t, { DATABASE_URL: logins.owner, ...variables })
  let { stdout } = await doctor(variables, '--json')
  let report: Report = JSON.parse(stdout)
  const faults = () => report.checks.filter(({ status }) => status === 'failed')
  t.same(faults(), [])
  for (const name of [
    'database',
    'tenant login',
    'system login',
    'migrations',
    'encryption key',
    'notifications',
  ])
    t.match(
      report.checks.find((check) => check.name === name),
      { status: 'ok' },
      name,
    )
  for (const name of ['clock', 'public URL', 'storage', 'spool', 'mail', 'Redis', 'worker', 'webhooks'])
    t.match(
      report.checks.find((check) => check.name === name),
      { status: 'ok' },
      name,
    )
  await server.end('SIGTERM')

  const broken = {
    DATA_DIR: folder,
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    REDIS_URL: 'redis://127.0.0.1:1',
    SMTP_URL: 'smtp://127.0.0.1:1',
  }
  const told = await doctor(broken, '--json')
  t.equal(told.code, 1)
  stdout = told.stdout
  report = JSON.parse(stdout)
  t.equal(report.healthy, false)
  const names = faults().map(({ name }) => name)
  for (const name of ['tenant login', 'system login', 'Redis']) t.ok(names.includes(name), name)
  t.match(
    report.checks.find(({ name }) => name === 'mail'),
    { status: 'warning', toDo: /SMTP_URL/ },
  )
  t.ok(report.checks.every(({ status, toDo }) => (status === 'ok') === (toDo === null)))
})

t.test('production without TLS or a public URL, and a database that is not there, for people', async (t) => {
  const told = await doctor({
    DATA_DIR: await freshFolder(t),
    ANTEROOM_ENV: 'production',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  })
  t.equal(told.code, 1)
  t.match(told.stdout, /^FAILED {2}database: DATABASE_URL: nothing answers there/m)
  t.match(told.stdout, /^FAILED {2}public URL: PUBLIC_URL is not set.*\n +→ set PUBLIC_URL to an https/m)
  t.notMatch(told.stdout + told.stderr, /^ +at /m)
})
