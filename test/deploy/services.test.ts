import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres from 'postgres'
import t from 'tap'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { environmentOf, service } from './compose-file.ts'
import { IMAGE_NODE_OPTIONS, layOutImage } from './image-folder.ts'

// Runs what the services of docker-compose.yml run, as they run it, without a container engine: the commands, the
// environment and the mounts are read from that file, the program is laid out as in the image. Host names and ports
// of containers become loopback's.

const run = promisify(execFile)
const environments = ['sandbox', 'production'] as const

const root = mkdtempSync(path.join(tmpdir(), 'anteroom-services-'))
chmodSync(root, 0o755)
const image = path.join(root, 'app')
const volumes = path.join(root, 'volumes')
layOutImage(image)

const database = await startEmbedded({ dataDir: path.join(root, 'database') })
const databaseAddress = new URL(database.url).host
t.teardown(async () => {
  await database.stop()
  rmSync(root, { recursive: true, force: true })
})

/** A service's command and environment, its mounted secrets found where `setup` made them. */
function asDeclared(name: string, overrides: Record<string, string> = {}) {
  const secrets = service(name).volumes?.find((mount) => mount.endsWith(':/secrets:ro'))
  const folder = path.join(volumes, secrets?.split(':')[0]?.replace('secrets-', '') ?? '')
  const here = (text: string) =>
    text.replace(/^\/(secrets|volumes)\b/, (place) => (place === '/volumes' ? volumes : folder))
  const environment: Record<string, string> = {}
  for (const [key, value] of Object.entries(environmentOf(name))) environment[key] = here(value)
  const { PATH = '' } = process.env
  return {
    command: (service(name).command ?? []).map(here),
    options: {
      cwd: image,
      env: { PATH, NODE_OPTIONS: IMAGE_NODE_OPTIONS, ...environment, ...overrides },
    },
  }
}

/** Runs a one-shot service to its end; rejects when it fails. */
async function runService(name: string): Promise<string> {
  const { command, options } = asDeclared(name)
  const [program = '', ...args] = command
  return (await run(program, args, options)).stdout
}

/** Where a server listens that may take any free port: its log says so. */
function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    server.stdout?.on('data', (chunk: Buffer) => {
      output += chunk
      const address = /Server listening at (http:[\d./:]+)"/.exec(output)?.[1]
      if (address) resolve(address)
    })
    server.once('exit', (...how) => reject(new Error(`the server ended with ${how}: ${output}`)))
  })
}

/** Asks again until there is an answer, or the process that should give it has ended. */
async function untilThere<T>(look: () => Promise<T | undefined> | T | undefined, process: ChildProcess) {
  while (process.exitCode === null && process.signalCode === null) {
    const found = await look()
    if (found) return found
    await delay(50)
  }
  throw new Error(`the process ended with ${process.exitCode ?? process.signalCode}`)
}

t.test('setup makes every secret once', async (t) => {
  const made = await runService('setup')
  t.match(made, /^Made: /)
  const files = readdirSync(volumes, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const contents = () =>
    files.map(({ parentPath, name }) => readFileSync(path.join(parentPath, name), 'utf8'))
  const first = contents()
  t.equal(new Set(first).size, first.length, 'no secret is used twice')
  for (const secret of first) t.notOk(made.includes(secret.trim()), 'and none is printed')
  t.equal(await runService('setup'), 'Every secret is in its place.\n')
  t.same(contents(), first)

  for (const name of ['sandbox', 'production', 'migrate-sandbox', 'migrate-production']) {
    const { options } = asDeclared(name)
    for (const [variable, file] of Object.entries<string>(options.env))
      if (variable.endsWith('_FILE')) t.ok(readFileSync(file, 'utf8'), `${name}: ${variable}`)
  }
})

t.test('PostgreSQL gives each environment a login of its own', async (t) => {
  // psql's own lines, which read the passwords, are the only ones that a driver does not understand
  const [psql = '', sql = ''] = readFileSync('deploy/postgres-roles.sql', 'utf8').split(
    /(?<=^\\set .*\n)(?!\\set)/m,
  )
  let statements = sql
  for (const [, variable, file = ''] of psql.matchAll(/^\\set (\w+) `cat (.+)`$/gm)) {
    const password = readFileSync(file.replace('/secrets', path.join(volumes, 'postgres')), 'utf8').trim()
    statements = statements.replaceAll(`:'${variable}'`, `'${password}'`)
  }
  const admin = postgres(database.url, { max: 1, onnotice: () => {} })
  await admin.unsafe(statements)
  await admin.end()
  for (const environment of environments) {
    const file = path.join(volumes, environment, 'database-url')
    chmodSync(file, 0o644)
    const address = readFileSync(file, 'utf8')
    t.match(address, '@postgres:5432/')
    writeFileSync(file, address.replace('postgres:5432', databaseAddress))
  }
})

t.test('the migrations run side by side, and again', async () => {
  await Promise.all([runService('migrate-sandbox'), runService('migrate-production')])
  await Promise.all([runService('migrate-sandbox'), runService('migrate-production')])
})

t.test('each login sees its own schema alone', async (t) => {
  for (const [mine, other] of [environments, environments.toReversed()]) {
    const sql = postgres(readFileSync(path.join(volumes, `${mine}`, 'database-url'), 'utf8').trim(), {
      max: 1,
    })
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

for (const name of environments)
  t.test(`the ${name} server serves and stops`, async (t) => {
    const { command, options } = asDeclared(name, {
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: path.join(root, name),
      // checked below with a server of its own
      REDIS_URL_FILE: '',
    })
    const [program = '', ...args] = command
    const server = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => server.kill('SIGKILL'))
    const base = await addressOf(server)
    const isReady = async () => (await fetch(`${base}/readyz`).catch(() => undefined))?.ok
    await untilThere(isReady, server)

    t.equal((await fetch(`${base}/api/whoami`)).status, 401)
    const signup = await fetch(`${base}/api/auth/signup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        email: 'first@example.com',
        password: 'a long enough password',
        name: 'First',
        organizationName: 'First',
      }),
    })
    t.equal(signup.status, name === 'sandbox' ? 201 : 403, 'only the sandbox is open to sign-up')

    const here = (text: string) => text.replace(':3000', `:${new URL(base).port}`)
    const [, healthProgram = '', ...healthArgs] = (service(name).healthcheck?.test ?? []).map(here)
    await run(healthProgram, healthArgs)

    server.kill('SIGTERM')
    const [code] = await new Promise<unknown[]>((resolve) =>
      server.once('exit', (...ended) => resolve(ended)),
    )
    t.equal(code, 0, 'it stops when it is told to')
    await t.rejects(run(healthProgram, healthArgs), 'unhealthy now')
  })

for (const name of environments)
  t.test(`the ${name} worker works and stops`, async (t) => {
    const alive = path.join(root, `alive-${name}`)
    const { command, options } = asDeclared(`${name}-worker`, { DATA_DIR: path.join(root, name) })
    t.notOk(service(name).command?.includes('worker'))
    t.ok(service(name).command?.includes('--without-worker'), 'the servers leave the work to it')
    const here = (text: string) => text.replace('/tmp/alive', alive)
    const [program = '', ...args] = command.map(here)
    const [, healthProgram = '', ...healthArgs] = (service(`${name}-worker`).healthcheck?.test ?? []).map(
      here,
    )
    await t.rejects(run(healthProgram, healthArgs), 'unhealthy before')
    const worker = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'inherit'] })
    t.teardown(() => worker.kill('SIGKILL'))
    const ended = new Promise<unknown[]>((resolve) => worker.once('exit', (...how) => resolve(how)))
    await untilThere(() => existsSync(alive), worker)
    await run(healthProgram, healthArgs)
    worker.kill('SIGTERM')
    t.same(await ended, [0, null], 'it stops when it is told to')
  })

t.test('Valkey takes its command and its password', async (t) => {
  const binaries = ['valkey-server', 'redis-server']
  const versions = await Promise.all(binaries.map((name) => run(name, ['--version']).catch(() => undefined)))
  const binary = binaries.find((_, index) => versions[index] !== undefined)
  if (binary === undefined)
    return t.comment('neither Valkey nor Redis is installed, so its command is not run')

  // A file in place of a port, which somebody else might take at this moment.
  const address = path.join(root, 'valkey')
  const { command, options } = asDeclared('valkey')
  const server = spawn(binary, [...command.slice(1), '--port', '0', '--unixsocket', address], {
    ...options,
    stdio: 'ignore',
  })
  t.teardown(() => server.kill('SIGKILL'))
  const connected = () => {
    const attempt = connect(address)
    return new Promise<Socket | undefined>((resolve) => {
      attempt.once('connect', () => resolve(attempt))
      attempt.once('error', () => resolve(undefined))
    })
  }
  const socket = await untilThere(connected, server)
  const [, password] =
    /:\/\/:(.+)@valkey:6379/.exec(readFileSync(path.join(volumes, 'sandbox/redis-url'), 'utf8')) ?? []
  socket.end(`PING\r\nAUTH ${password}\r\nSELECT 1\r\nPING\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  t.match(answer, /^-NOAUTH .*\r\n\+OK\r\n\+OK\r\n\+PONG\r\n$/)
})
