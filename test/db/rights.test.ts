import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import journal from '../../db/migrations/meta/_journal.json' with { type: 'json' }
import { type DatabaseFacts, inspectDatabase, problemsOf } from '../../db/preflight.ts'
import { createTestDatabase, testLogins } from '../support/database.ts'
import { testServer } from '../support/postgres.ts'
import { startServer } from '../support/server-process.ts'
import { client } from './embedded-harness.ts'

// What PostgreSQL lets the owner of a database do differs by version: `npm run test:postgres` runs this on others too.

const run = promisify(execFile)
const sandbox = environmentOf('sandbox')
const { url: superuserUrl } = await testServer()
// First: the roles of the cluster are to be those of the owner of all test databases, who grants them to other logins.
await (await createTestDatabase()).drop()

/** An empty database, its owner, and a key whose logins nobody has created. */
async function newOwner(t: Test, attributes = '', encoding = "encoding 'UTF8'") {
  const admin = postgres(superuserUrl, { max: 1, onnotice: () => {} })
  const name = `owner_${randomBytes(4).toString('hex')}`
  await admin.unsafe(`create role ${name} login ${attributes} password 'fake-owner'`)
  await admin.unsafe(`create database ${name} owner ${name} ${encoding} locale 'C' template template0`)
  const url = new URL(superuserUrl)
  const superuser = new URL(superuserUrl)
  Object.assign(url, { username: name, password: 'fake-owner', pathname: `/${name}` })
  superuser.pathname = url.pathname
  const key = randomBytes(32).toString('base64')
  const logins = testLogins(url.href, { key })
  t.teardown(async () => {
    await admin.unsafe(`drop database ${name} with (force)`)
    for (const login of logins.members) await admin.unsafe(`drop role if exists ${login.name}`)
    await admin.unsafe(`drop owned by ${name} cascade`)
    await admin.unsafe(`drop role ${name}`)
    await admin.end()
  })
  const variables = { DATABASE_URL: url.href, ENCRYPTION_KEY: key, ANTEROOM_ENV: 'sandbox' }
  const command = (...args: string[]) =>
    run(process.execPath, args, {
      env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'silent', ...variables },
    })
  return { name, url: url.href, superuserUrl: superuser.href, key, logins, variables, command }
}

t.test(
  'an owner who may not create roles: an administrator runs what is printed, then all works',
  async (t) => {
    const { name, superuserUrl, key, variables, command } = await newOwner(t)
    await t.rejects(command('bin/anteroom.ts', 'migrate'), {
      code: 1,
      stdout: '',
      stderr: new RegExp(
        `^DATABASE_URL: "${name}" may not create roles, and .+ missing: run .*--print-roles.*, or ALTER ROLE "${name}" CREATEROLE\n$`,
      ),
    })
    const { stdout: sql } = await command('bin/anteroom.ts', 'migrate', '--print-roles')
    t.notMatch(sql, key)
    const admin = client(t, superuserUrl)
    await admin.unsafe(sql)
    await admin.unsafe(sql)
    t.match(await command('bin/anteroom.ts', 'migrate'), { stdout: /up to date/ })
    const server = await startServer(t, variables)
    t.equal((await fetch(`${server.url}/readyz`)).status, 200)
    const { stdout: json } = await command('bin/anteroom.ts', 'migrate', '--print-roles', '--json')
    t.match(JSON.parse(json), { environment: 'sandbox', sql: /^-- Roles/ })
  },
)

t.test('an owner with CREATEROLE in a cluster where another login has created the roles', async (t) => {
  const { name, superuserUrl, url, command, logins } = await newOwner(t, 'createrole')
  const sql = client(t, url)
  const facts = await inspectDatabase(sql, sandbox, logins)
  if (facts.version >= 160_000) {
    const grant = `GRANT "anteroom_sandbox_tenant", "anteroom_sandbox_system" TO "${name}" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`
    await t.rejects(command('bin/anteroom.ts', 'migrate'), {
      code: 1,
      stderr: new RegExp(`^DATABASE_URL: another login has created .+: ${grant}\n$`),
    })
    await client(t, superuserUrl).unsafe(grant)
  }
  t.match(await command('bin/anteroom.ts', 'migrate'), { stdout: /up to date/ })
})

t.test('a schema of somebody else, and a database of another encoding', async (t) => {
  const { name, superuserUrl, command } = await newOwner(t, 'createrole', "encoding 'LATIN1'")
  const admin = client(t, superuserUrl)
  const other = `${name}_other`
  await admin.unsafe(`create role ${other}; create schema sandbox authorization ${other}`)
  t.teardown(() =>
    client(t, superuserUrl)
      .unsafe(`drop role if exists ${other}`)
      .catch(() => {}),
  )
  const { stderr } = await command('bin/anteroom.ts', 'migrate').then(
    () => ({ stderr: 'it migrated' }),
    (error: { stderr: string }) => error,
  )
  t.match(stderr, `DATABASE_URL: the database "${name}" is encoded in LATIN1, and Anteroom needs UTF8.`)
  t.match(stderr, `CREATE DATABASE "${name}_utf8" OWNER "${name}" ENCODING 'UTF8'`)
  t.match(stderr, `the schema "sandbox" belongs to "${other}". Migrate with that login, or REASSIGN OWNED BY`)
  t.notMatch(stderr, /^ +at /m)
  await admin.unsafe(`reassign owned by ${other} to ${name}`)
})

t.test('what no server here shows', async (t) => {
  const { url, logins } = await newOwner(t, 'createrole')
  const facts = await inspectDatabase(client(t, url), sandbox, logins)
  const told = (change: Partial<DatabaseFacts>) => problemsOf({ ...facts, superuser: true, ...change })
  t.same(told({}), [])
  t.match(told({ version: 140_011, versionText: '14.11' }), [/^PostgreSQL 14\.11 is too old: .* 15 or newer/])
  t.match(told({ readOnly: true }), [/only takes reads/])
  t.match(told({ plpgsql: false }), [/CREATE EXTENSION plpgsql/])
})

t.test('--without-migrate starts without the owner', async (t) => {
  const { variables, command, superuserUrl, url } = await newOwner(t, 'superuser')
  const nobody = new URL(url)
  Object.assign(nobody, { username: 'nobody', password: '' })
  const less = { ...variables, DATABASE_URL: nobody.href }
  const start = (...args: string[]) =>
    run(process.execPath, args, { env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'silent', ...less } })
  const commands = [
    ['server.ts', '--without-migrate'],
    ['bin/anteroom.ts', 'worker', '--without-migrate'],
  ]
  const refused = async (stderr: RegExp) => {
    for (const args of commands) await t.rejects(start(...args), { code: 1, stderr }, args.join(' '))
  }
  await refused(/^DATABASE_URL: the database does not let the login .+ in, whose name .+ENCRYPTION_KEY.+\n$/)
  await command('bin/anteroom.ts', 'migrate')
  const server = await startServer(t, less, { args: ['--without-migrate'] })
  t.equal((await fetch(`${server.url}/readyz`)).status, 200)
  await server.end('SIGTERM')

  const admin = client(t, superuserUrl)
  await admin`set search_path to sandbox`
  const newest = journal.entries.at(-1)
  await admin`delete from __drizzle_migrations where created_at = ${newest?.when ?? 0}`
  await refused(/^DATABASE_URL: the sandbox schema is not up to date, it lacks \w+: run `npx/)
  await admin`insert into __drizzle_migrations (hash, created_at) values ('newer', ${(newest?.when ?? 0) + 1})`
  const newer = /^The database was migrated by a newer version of Anteroom: .+\n$/
  await refused(newer)
  await t.rejects(command('server.ts'), { code: 1, stderr: newer })
  await t.rejects(command('bin/anteroom.ts', 'migrate'), { code: 1, stderr: newer })
})
