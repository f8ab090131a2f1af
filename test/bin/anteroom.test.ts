import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import t from 'tap'
import { createTestDatabase } from '../support/database.ts'

const run = promisify(execFile)

function anteroom(args: string[], variables: Record<string, string> = {}) {
  // Not in this checkout, whose `.env` it would read.
  const entry = path.resolve('bin/anteroom.js')
  return run(process.execPath, [entry, ...args], { cwd: tmpdir(), env: { ...process.env, ...variables } })
}

const { url, drop } = await createTestDatabase()
t.teardown(drop)

t.test('migrate makes the schema of the environment that it is told, and only that', async (t) => {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => admin.end())
  await admin`drop schema sandbox cascade`
  await admin`drop schema production cascade`

  const { stdout } = await anteroom(['migrate'], { DATABASE_URL: url, ANTEROOM_ENV: 'sandbox' })
  t.equal(stdout, 'The sandbox schema is up to date.\n')
  const schemas = await admin`select nspname from pg_namespace where nspname in ('sandbox', 'production')`
  t.same([...schemas], [{ nspname: 'sandbox' }])
  await admin`select from sandbox.organizations`
})

t.test('migrate --json can be read by a program', async (t) => {
  const { stdout } = await anteroom(['migrate', '--json'], { DATABASE_URL: url, ANTEROOM_ENV: 'sandbox' })
  t.same(JSON.parse(stdout), { environment: 'sandbox' })
})

t.test('a wrong variable is told in a line', async (t) => {
  await t.rejects(anteroom(['migrate'], { DATABASE_URL: 'mysql://localhost/x' }), {
    code: 1,
    stdout: '',
    stderr: /^DATABASE_URL must be a URL .*\n$/,
  })
})

t.test('it explains itself', async (t) => {
  const [help, ofMigrate, version] = await Promise.all([
    anteroom(['--help']),
    anteroom(['migrate', '--help']),
    anteroom(['--version']),
    t.rejects(anteroom(['destroy']), { code: 1, stderr: /unknown command 'destroy'/ }),
  ])
  t.match(help.stdout, /migrate/)
  t.match(ofMigrate.stdout, /--json/)
  t.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})
