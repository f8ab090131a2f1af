import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { migrate } from '../../db/migrate.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { createTestDatabase, testLogins } from '../support/database.ts'
import { startProxy, through } from '../support/proxy.ts'
import { until } from '../support/until.ts'

/** A server whose database can fall silent: connections stay open, and nothing comes over them. */
interface Scene {
  readonly server: TestApp
  silence(): void
  endSilence(): void
}

/** Packets are dropped somewhere on the way. */
async function behindProxy(t: Test): Promise<Scene> {
  const database = await createTestDatabase()
  t.teardown(() => database.drop())
  const { hostname: host, port } = new URL(database.url)
  const proxy = await startProxy(t, { host, port: Number(port) })
  const owner = through(database.logins.owner, proxy)
  const server = await testApp(t, {}, { databaseUrl: database.url, logins: { ...database.logins, owner } })
  return { server, silence: () => proxy.freeze(), endSilence: () => proxy.thaw() }
}

/** PostgreSQL is stopped, with every process that works for it. */
async function onStoppedServer(t: Test): Promise<Scene> {
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-stopped-'))
  const database = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
  const postmaster = Number(
    readFileSync(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0],
  )
  let stopped: number[] = []
  const endSilence = () => {
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
    stopped = []
  }
  t.teardown(async () => {
    endSilence()
    await database.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  const logins = testLogins(database.url)
  await migrate(logins, environmentOf('sandbox'))
  const server = await testApp(t, {}, { databaseUrl: database.superuserUrl, logins })
  const silence = () => {
    stopped = [postmaster, ...childrenOf(postmaster)]
    for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  }
  return { server, silence, endSilence }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const [, ppid] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
        return Number(ppid) === parent
      } catch {
        return false
      }
    })
    .map(Number)
}

const scenes = [
  ['packets are dropped', behindProxy],
  ['PostgreSQL stands still', onStoppedServer],
] as const

for (const [what, set] of scenes) {
  t.test(`while ${what} every request has an answer, and afterwards everything goes on`, async (t) => {
    const { server, silence, endSilence } = await set(t)
    const { call, app } = server
    const tenant = await server.tenant()
    const { key, auth } = tenant
    const other = await call('POST', '/api/keys', { headers: auth, body: { name: 'Another' } })
    const ask = () =>
      Promise.all([
        call('GET', '/readyz'),
        call('GET', '/api/campaigns', { headers: auth }),
        call('POST', '/api/campaigns', { headers: auth, body: { name: 'One' } }),
        call('POST', '/api/auth/login', { body: { email: tenant.email, password: tenant.password } }),
        call('GET', '/api/whoami', { headers: { authorization: `Bearer ${other.body.key}` } }),
      ])
    for (const { status } of await ask()) t.ok(status < 300)

    silence()
    // Those that come while nobody knows of it yet, and those that come later, many more than there are connections.
    const first = await ask()
    await until(
      async () => (await call('GET', '/api/whoami', { headers: auth })).status === 503,
      'the lease to end',
    )
    const later = (await Promise.all(Array.from({ length: 200 }, ask))).flat()
    for (const answer of [...first.slice(0, 4), ...later]) {
      if (answer.status !== 503) t.match(answer, { status: 503, headers: { 'retry-after': /^\d+$/ } })
    }
    t.equal((await call('GET', '/healthz')).status, 200, 'the process is up, and a restart would not help')

    endSilence()
    await until(
      async () => (await ask()).every(({ status }) => status < 300),
      'every kind of request to be served',
    )
    const flushed = () =>
      app.accessLog.flush().then(
        () => true,
        () => false,
      )
    await until(flushed, 'the access log to have the database again')
    const [row] = await app.database<{ refused: number }[]>`
      select count(*)::int as refused from access_logs where status = 503`
    t.ok(
      Number(row?.refused) >= 800,
      'every refusal is in the access log: the lock of the spool was taken over',
    )
    const { status } = await call('DELETE', `/api/keys/${tenant.keyId}`, { headers: tenant.both })
    t.equal(status, 200)
    t.equal((await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${key}` } })).status, 401)
  })
}
