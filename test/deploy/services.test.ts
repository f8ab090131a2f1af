import { execFile } from 'node:child_process'
import { chmodSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import postgres from 'postgres'
import t from 'tap'
import { freePort } from '../../bench/harness/free-port.ts'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { redisProgram } from '../support/redis.ts'
import { eventually } from '../support/until.ts'
import { environmentOf } from './compose-file.ts'
import {
  type Container,
  changedFile,
  checkHealth,
  exec,
  image,
  runService,
  startService,
  untilThere,
  volume,
} from './containers.ts'
import { runReadmeLines } from './readme-lines.ts'

// Executes the Dockerfile and runs what the services of docker-compose.yml run, as they run it, without a container
// engine: as the same unprivileged user, on the image's own files, which it cannot change. Host names and ports of
// containers become loopback's.

const run = promisify(execFile)
const environments = ['sandbox', 'production'] as const
const person = { email: 'first@example.com', name: 'First' }

const database = await startEmbedded({ dataDir: volume('postgres') })
t.teardown(() => database.stop())

/** Every secret that `setup` made, by volume and name. */
const secretFiles = () =>
  globSync(`secrets-*/*`, { cwd: path.dirname(volume('postgres')) }).map((name) =>
    path.join(path.dirname(volume('postgres')), name),
  )

/** Leads the addresses in the secrets from a container's name to loopback. */
function lead(name: string, address: string): void {
  for (const file of secretFiles()) {
    const text = readFileSync(file, 'utf8')
    if (!text.includes(`@${name}`)) continue
    chmodSync(file, 0o644)
    writeFileSync(file, text.replace(`@${name}`, `@${address}`))
  }
}

t.test('the image holds what runs, and its user cannot change it', async (t) => {
  const app = image.place('/app')
  for (const name of ['dashboard/index.html', 'sdk/sdk.js'])
    t.ok(existsSync(path.join(app, 'web/dist', name)), name)
  for (const name of ['.env', '.git', 'test', 'node_modules/tap', 'node_modules/vite'])
    t.notOk(existsSync(path.join(app, name)), `${name} is not in it`)
  const tries = `for (const place of ['.', 'web/dist', 'node_modules']) {
    try { fs.writeFileSync(place + '/mine', ''); console.log(place) } catch {}
  }`
  t.equal(await exec('setup', ['node', '-e', tries]), '')
  if (process.geteuid?.() === 0) t.equal(await exec('setup', ['node', '-p', 'process.getuid()']), '1000\n')
})

t.test('setup makes every secret once', async (t) => {
  const made = await runService('setup')
  t.match(made, /^Made: /)
  const contents = () => secretFiles().map((file) => readFileSync(file, 'utf8'))
  const first = contents()
  t.ok(first.length > 0)
  t.equal(new Set(first).size, first.length, 'no secret is used twice')
  for (const secret of first) t.notOk(made.includes(secret.trim()), 'and none is printed')
  t.equal(await runService('setup'), 'Every secret is in its place.\n')
  t.same(contents(), first)

  for (const name of ['sandbox', 'production', 'migrate-sandbox', 'migrate-production'])
    for (const [variable, file] of Object.entries(environmentOf(name)))
      if (variable.endsWith('_FILE')) t.ok(await exec(name, ['cat', file]), `${name}: ${variable}`)
})

t.test('PostgreSQL gives each environment a login of its own', async (t) => {
  // psql's own lines, which read the passwords, are the only ones that a driver does not understand
  const [psql = '', sql = ''] = readFileSync('deploy/postgres-roles.sql', 'utf8').split(
    /(?<=^\\set .*\n)(?!\\set)/m,
  )
  let statements = sql
  for (const [, variable, file = ''] of psql.matchAll(/^\\set (\w+) `cat (.+)`$/gm)) {
    const password = readFileSync(file.replace('/secrets', volume('secrets-postgres')), 'utf8').trim()
    statements = statements.replaceAll(`:'${variable}'`, `'${password}'`)
  }
  const admin = postgres(database.url, { max: 1, onnotice: () => {} })
  await admin.unsafe(statements)
  await admin.end()
  t.match(databaseUrl('sandbox'), '@postgres:5432/')
  lead('postgres:5432', new URL(database.url).host)
})

const databaseUrl = (environment: string) =>
  readFileSync(path.join(volume(`secrets-${environment}`), 'database-url'), 'utf8').trim()

t.test('the migrations run side by side, and again', async () => {
  await Promise.all([runService('migrate-sandbox'), runService('migrate-production')])
  await Promise.all([runService('migrate-sandbox'), runService('migrate-production')])
})

t.test('each login sees its own schema alone', async (t) => {
  for (const [mine, other] of [environments, environments.toReversed()]) {
    const sql = postgres(databaseUrl(`${mine}`), { max: 1 })
    await sql`select from ${sql(`${mine}`)}.organizations`
    await t.rejects(
      sql`select from ${sql(`${other}`)}.organizations`,
      { code: '42501' },
      `${mine} sees ${other}`,
    )
    await t.rejects(sql`select from public.anything`, { code: /42501|42P01/ })
    await sql.end()
  }
})

/** Valkey, where there is one. It takes the same options as Redis. */
const redis = redisProgram()
t.test(
  'Valkey takes its command and its password',
  { skip: redis === null && 'there is none' },
  async (t) => {
    const port = String(await freePort())
    const valkey = startService('valkey', {
      program: redis ?? '',
      args: ['--port', port, '--bind', '127.0.0.1'],
    })
    lead('valkey:6379', `127.0.0.1:${port}`)
    const address = readFileSync(path.join(volume('secrets-sandbox'), 'redis-url'), 'utf8').trim()
    const { Redis } = await import('ioredis')
    const client = new Redis(address, { retryStrategy: () => 25, maxRetriesPerRequest: null })
    client.on('error', () => {})
    t.teardown(() => client.disconnect())
    t.equal(await untilThere(() => client.ping(), valkey), 'PONG')
    const stranger = new Redis(`redis://127.0.0.1:${port}`, { retryStrategy: null })
    t.teardown(() => stranger.disconnect())
    stranger.on('error', () => {})
    await t.rejects(stranger.ping(), /NOAUTH/)
  },
)

interface Server {
  readonly container: Container
  readonly port: string
}

const servers = new Map<string, Server>()

for (const name of environments)
  t.test(`the ${name} server serves`, async (t) => {
    const environment = {
      HOST: '127.0.0.1',
      PORT: '0',
      // The proxy is a container of its own there.
      TRUST_PROXY: '127.0.0.1',
      ...(redis === null ? { REDIS_URL_FILE: '' } : {}),
    }
    const container = startService(name, { environment })
    const listening = /Server listening at http:\/\/[\d.]+:(\d+)"/
    const [, port = ''] = await untilThere(() => listening.exec(container.output()) ?? undefined, container)
    servers.set(name, { container, port })
    const base = `http://127.0.0.1:${port}`
    await untilThere(async () => (await fetch(`${base}/readyz`).catch(() => undefined))?.ok, container)

    t.equal((await fetch(`${base}/api/whoami`)).status, 401)
    t.equal((await fetch(`${base}/dashboard`)).status, 200)
    const signup = await fetch(`${base}/api/auth/signup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...person, password: 'a long enough password', organizationName: 'First' }),
    })
    t.equal(signup.status, name === 'sandbox' ? 201 : 403, 'only the sandbox is open to sign-up')
    await checkHealth(name, (text) => text.replace(':3000', `:${port}`))
  })

for (const name of environments)
  t.test(`the ${name} worker works and stops`, async (t) => {
    const alive = path.join(volume(`tmp-of-${name}-worker`, '/tmp'), 'alive')
    await t.rejects(checkHealth(`${name}-worker`), 'unhealthy before')
    const worker = startService(`${name}-worker`)
    await untilThere(() => existsSync(alive), worker)
    await checkHealth(`${name}-worker`)
    worker.process.kill('SIGTERM')
    t.equal(await worker.ended, 0, `it stops when it is told to: ${worker.output()}`)
  })

t.test('the proxy leads to both', async (t) => {
  if ((await run('caddy', ['version']).catch(() => null)) === null)
    return t.comment('caddy is not installed, so the servers are not reached through it')
  const ports = { 8080: await freePort(), 8443: await freePort(), 8081: await freePort() }
  let caddyfile = readFileSync('deploy/Caddyfile', 'utf8').replace(/(?<=read_header )\S+/, '1s')
  for (const [inside, port] of Object.entries(ports)) caddyfile = caddyfile.replaceAll(inside, String(port))
  for (const name of environments)
    caddyfile = caddyfile.replaceAll(`${name}:3000`, `127.0.0.1:${servers.get(name)?.port}`)
  const proxy = startService('proxy', {
    mounts: { '/etc/caddy/Caddyfile': changedFile('Caddyfile', caddyfile) },
  })
  const authority = path.join(volume('caddy'), 'data/caddy/pki/authorities/local/root.crt')
  await untilThere(() => existsSync(authority), proxy)
  await untilThere(
    async () => (await fetch(`http://127.0.0.1:${ports[8081]}/healthz`).catch(() => undefined))?.ok,
    proxy,
  )

  for (const name of environments) {
    const { host } = new URL(environmentOf(name).PUBLIC_URL ?? '')
    const base = `https://${host}:${ports[8443]}`
    await t.test(`${name} tells who calls, and the README's commands work there`, async (t) => {
      const reader = name === 'sandbox' ? demoOf(servers.get(name)) : await ownerOf(name)
      const { key, answers } = await runReadmeLines({ base, authority, ...reader })
      t.equal(answers.length, 5)
      const whoami = { environment: name, organization: {}, credential: { type: 'api_key' } }
      t.match(answers[0], { ...whoami, user: null })
      t.match(answers[2], { ...whoami, user: { email: reader.email }, credential: { type: 'api_key+user' } })

      // A header that a client made up does not get past the proxy.
      const curl = `curl --silent --cacert ${authority} -H 'Authorization: Bearer ${key}'`
      const forged = `${curl} -H 'X-Forwarded-For: 203.0.113.9' '${base}/api/campaigns?limit=7'`
      await run('/bin/sh', ['-c', forged])
      const seenFrom = async () => {
        const { stdout } = await run('/bin/sh', ['-c', `${curl} '${base}/api/logs?limit=100'`])
        const { logs }: { logs: { ip: string; path: string }[] } = JSON.parse(stdout)
        return logs.find((log) => log.path.startsWith('/api/campaigns'))?.ip
      }
      await eventually(t, seenFrom, '127.0.0.1', 'the address is what the proxy saw')
    })
  }
  await t.test('nobody who sends slowly is waited for', async (t) => {
    const { host } = new URL(environmentOf('sandbox').PUBLIC_URL ?? '')
    const ca = readFileSync(authority)
    const open = () => connect({ host: '127.0.0.1', port: ports[8443], servername: host, ca })
    // Refused by its first header, it never sends its body.
    const refused = open()
    refused.write(`POST /api/keys HTTP/1.1\r\nhost: ${host}:${ports[8443]}\r\ncontent-length: 9\r\n\r\n{`)
    t.match(await text(refused), /^HTTP\/1\.1 401 .*\r\nconnection: close\r\n.*"UNAUTHORIZED"/is)
    const silent = open()
    silent.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n`)
    t.notMatch(await text(silent), /^HTTP\/1\.1 2/, 'headers that do not end')
  })

  const plain = await fetch(`http://127.0.0.1:${ports[8080]}/api/whoami`, {
    headers: { host: 'api.localhost' },
    redirect: 'manual',
  })
  t.equal(plain.status, 308, 'HTTP leads to HTTPS')
  proxy.process.kill('SIGTERM')
  t.equal(await proxy.ended, 0, 'it stops when it is told to')
})

/** Who the first start of a sandbox prints. */
function demoOf(server: Server | undefined) {
  const output = server?.container.output() ?? ''
  const [, email = '', password = ''] = /Log-in +(\S+) +(\S+)/.exec(output) ?? []
  const [, key = ''] = /API key +(\S+)/.exec(output) ?? []
  return { email, password, key }
}

/** Production's first owner, as an operator makes one. */
async function ownerOf(name: string) {
  const command = ['node', 'bin/anteroom.ts', 'organizations', 'create', 'First', '--json']
  const made = await exec(name, [...command, '--owner-email', person.email, '--owner-name', person.name])
  const { email, password }: { email: string; password: string } = JSON.parse(made)
  return { email, password, key: null }
}

for (const name of environments)
  t.test(`the ${name} server stops`, async (t) => {
    const { container, port } = servers.get(name) as Server
    container.process.kill('SIGTERM')
    t.equal(await container.ended, 0, `it stops when it is told to: ${container.output()}`)
    await t.rejects(
      checkHealth(name, (text) => text.replace(':3000', `:${port}`)),
      'unhealthy now',
    )
  })
