import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import path from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { explain } from '../../lifecycle/explain.ts'
import { freshFolder } from '../db/embedded-harness.ts'
import { layOutCheckout, type as typeCommand } from '../support/checkout.ts'
import { createTestDatabase, TEST_KEY } from '../support/database.ts'

// What keeps a server or a command from starting is told in one line a variable, with exit code 1, and without a
// stack: whoever set the variable can act on it.

const database = await createTestDatabase()
t.teardown(database.drop)

const folder = layOutCheckout(await freshFolder(t))

/** Starts the server, and checks that it says one line and ends. */
async function refuses(t: Test, variables: Record<string, string>, line: RegExp, command = serverCommand) {
  const typed = typeCommand(t, folder, command, {
    LOG_LEVEL: 'silent',
    ENCRYPTION_KEY: TEST_KEY,
    ...variables,
  })
  t.equal(await typed.ended, 1)
  t.match(typed.output(), new RegExp(`^${line.source}\n$`))
  t.notMatch(typed.output(), /hunter2/, 'no password')
}

const serverCommand = [process.execPath, 'server.ts']

function changed(change: (url: URL) => void): string {
  const url = new URL(database.url)
  change(url)
  return url.href
}

/** A database in which nothing was made, for a user without any right but to log in. */
async function stranger(t: Test): Promise<string> {
  const admin = postgres(database.url, { max: 1, onnotice: () => {} })
  const name = `stranger_${randomBytes(4).toString('hex')}`
  await admin`create database ${admin(name)}`
  await admin.unsafe(`create role ${name} login password 'hunter2'`)
  t.teardown(async () => {
    await admin`drop database ${admin(name)} with (force)`
    await admin.unsafe(`drop role ${name}`)
    await admin.end()
  })
  return changed((url) => Object.assign(url, { username: name, password: 'hunter2', pathname: `/${name}` }))
}

/** A server that is no PostgreSQL. */
async function port(t: Test, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

t.test('DATABASE_URL', async (t) => {
  const unknown = randomBytes(4).toString('hex')
  const silent = await port(t, () => {})
  const rude = await port(t, (socket) => socket.destroy())
  const cases: [string, string, RegExp][] = [
    [
      'a wrong password',
      changed((url) => Object.assign(url, { password: 'hunter2' })),
      /DATABASE_URL: the user or the password is wrong \(.+\)/,
    ],
    [
      'no password',
      changed((url) => Object.assign(url, { password: '' })),
      /DATABASE_URL: the user or the password is wrong \(.+\)/,
    ],
    [
      'an unknown user',
      changed((url) => Object.assign(url, { username: unknown })),
      /DATABASE_URL: the user or the password is wrong \(.+\)/,
    ],
    [
      'an unknown database',
      changed((url) => Object.assign(url, { pathname: `/${unknown}` })),
      /DATABASE_URL: this database does not exist: create it, or name another one \(.+\)/,
    ],
    [
      'missing rights',
      await stranger(t),
      /DATABASE_URL: "stranger_\w+" may not create a schema: GRANT CREATE ON DATABASE "stranger_\w+" TO "stranger_\w+"/,
    ],
    [
      'a port where nothing listens',
      'postgres://anteroom:hunter2@127.0.0.1:1/x',
      /DATABASE_URL: nothing answers there \(.*127\.0\.0\.1:1\)/,
    ],
    [
      'a name of two addresses where nothing listens',
      'postgres://anteroom:hunter2@localhost:1/x',
      /DATABASE_URL: nothing answers there \(.*:1\)/,
    ],
    [
      'a host that is not known',
      'postgres://anteroom:hunter2@nowhere.invalid/x',
      /DATABASE_URL: this host name (is not known|cannot be looked up now) \(.+\)/,
    ],
    [
      'a server that is silent',
      `postgres://anteroom:hunter2@127.0.0.1:${silent}/x?connect_timeout=1`,
      /DATABASE_URL: nothing answers there \(.+\)/,
    ],
    [
      'a server that ends connections',
      `postgres://anteroom:hunter2@127.0.0.1:${rude}/x`,
      /DATABASE_URL: what answers there ends the connection: .+/,
    ],
    [
      'TLS where the server has none',
      changed((url) => url.searchParams.set('sslmode', 'require')),
      /DATABASE_URL: the server does not speak TLS: use sslmode=disable or prefer \(.+\)/,
    ],
    [
      'sslrootcert',
      changed((url) => url.searchParams.set('sslrootcert', '/etc/ca.pem')),
      /DATABASE_URL has the parameter sslrootcert, which is not supported: .*NODE_EXTRA_CA_CERTS.*/,
    ],
    [
      'channel_binding',
      changed((url) => url.searchParams.set('channel_binding', 'require')),
      /DATABASE_URL has the parameter channel_binding, which is not supported: .*verify-full.*/,
    ],
    [
      'a parameter of another program',
      changed((url) => url.searchParams.set('pgbouncer', 'true')),
      /DATABASE_URL has the parameter "pgbouncer", which Anteroom does not know/,
    ],
  ]
  for (const [name, url, line] of cases) await t.test(name, (t) => refuses(t, { DATABASE_URL: url }, line))

  for (const variable of ['DATABASE_TENANT_URL', 'DATABASE_SYSTEM_URL', 'DATABASE_DIRECT_URL']) {
    const wrong = changed((url) => Object.assign(url, { password: 'hunter2' }))
    const line = RegExp(`${variable}: the user or the password is wrong \\(.+\\)`)
    const variables = { DATABASE_URL: database.url, [variable]: wrong }
    await t.test(`a wrong password in ${variable}`, (t) => refuses(t, variables, line))
  }

  // With the rights of such a login, row-level security would be off.
  for (const kind of ['tenant', 'system'] as const) {
    const variable = `DATABASE_${kind.toUpperCase()}_URL`
    const line = RegExp(
      `A database connection for the ${kind} login is logged in as anteroom, who is a superuser\\. It is not used\\. Check ${variable}, .+`,
    )
    const variables = { DATABASE_URL: database.url, [variable]: database.url }
    await t.test(`the superuser in ${variable}`, (t) => refuses(t, variables, line))
  }

  await t.test('the command line says the same', async (t) => {
    const [[, url, line] = ['', '', /x/]] = cases
    await refuses(t, { DATABASE_URL: url }, line, [process.execPath, 'bin/anteroom.ts', 'migrate'])
    await refuses(t, { DATABASE_URL: url }, line, [process.execPath, 'bin/anteroom.ts', 'worker'])
  })
  await t.test('a command before the migration', async (t) => {
    const url = await stranger(t)
    const admin = changed((one) => Object.assign(one, { pathname: new URL(url).pathname }))
    const line = /DATABASE_URL: this database is not migrated: run `npx anteroom migrate` first/
    await refuses(t, { DATABASE_URL: admin }, line, [
      process.execPath,
      'bin/anteroom.ts',
      'organizations',
      'list',
    ])
  })
})

t.test('a certificate that is not trusted', async (t) => {
  for (const code of ['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED']) {
    const error = Object.assign(new Error('self-signed certificate'), { code })
    t.match(explain(error), [/^DATABASE_URL: the certificate of the server is not trusted: .+/])
  }
})

t.test('DATA_DIR', async (t) => {
  const { url } = database
  const place = await freshFolder(t)
  const file = path.join(place, 'file')
  writeFileSync(file, '')
  await refuses(t, { DATABASE_URL: url, DATA_DIR: file }, /DATA_DIR .*file can't be written to: it is a file/)
  await refuses(
    t,
    { DATABASE_URL: url, DATA_DIR: path.join(file, 'data') },
    /DATA_DIR .*data can't be written to: a part of it is a file/,
  )
  await refuses(t, { DATA_DIR: file }, /DATA_DIR .*file can't be written to: it is a file/)

  const broken = path.join(place, 'broken')
  mkdirSync(broken)
  writeFileSync(path.join(broken, 'encryption.key'), '')
  await refuses(
    t,
    { DATABASE_URL: url, DATA_DIR: broken, ENCRYPTION_KEY: '' },
    /DATA_DIR holds a wrong encryption key: .+/,
  )

  const root = process.geteuid?.() === 0
  await t.test('of another user', { skip: !root && 'only root can start it as another user' }, (t) => {
    const as = ['/usr/bin/setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    return refuses(
      t,
      { DATABASE_URL: url, DATA_DIR: place },
      /DATA_DIR .+ can't be written to: it belongs to another user than this one, whose id is 65534/,
      [...as, ...serverCommand],
    )
  })
})

t.test('addresses', async (t) => {
  const { url } = database
  const taken = String(await port(t, () => {}))
  const data = { DATABASE_URL: url, DATA_DIR: await freshFolder(t) }
  await refuses(t, { ...data, PORT: taken }, RegExp(`Port ${taken} is in use: set PORT to another one`))
  await refuses(
    t,
    { ...data, METRICS_PORT: taken },
    RegExp(`Port ${taken} is in use: set METRICS_PORT to another one`),
  )
  await refuses(t, { ...data, HOST: '203.0.113.1' }, /HOST 203\.0\.113\.1 is no address of this machine/)
  await refuses(
    t,
    { ...data, HOST: 'nowhere.invalid' },
    /HOST nowhere\.invalid is no address of this machine/,
  )
})

t.test('an option that does not exist', (t) =>
  refuses(t, {}, /Unknown option '--without-workers'.*/, [...serverCommand, '--without-workers']),
)
