import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import t from 'tap'
import { generateCredential, parseCredential } from '../../credentials/format.ts'
import { createTestDatabase } from '../support/database.ts'
import { startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

t.test('secrets put through every field and header stand in no table, log, spool or export', async (t) => {
  const database = await createTestDatabase()
  t.teardown(() => database.drop())
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-canary-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const server = await startServer(t, {
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'trace',
    // A sandbox shows its demo's key at the first start, which is what it is for.
    ANTEROOM_ENV: 'production',
    SIGNUP: 'open',
    SMTP_URL: 'smtp://127.0.0.1:9',
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  })
  const secrets = new Set<string>()
  const secretOf = (text: string) => {
    secrets.add(parseCredential(text)?.secret ?? text)
    return text
  }
  const marked = () => secretOf(`canary${randomBytes(12).toString('hex')}`)
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) => {
    const answer = await fetch(server.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return {
      status: answer.status,
      text: await answer.text(),
      requestId: answer.headers.get('x-request-id'),
    }
  }

  const password = marked()
  const account = { email: 'canary@tenant.example', password, name: 'Canary', organizationName: 'Canary' }
  const signup = JSON.parse((await ask('POST', '/api/auth/signup', {}, account)).text)
  const user = { authorization: `Bearer ${secretOf(signup.accessToken)}` }
  secretOf(signup.refreshToken)
  const made = JSON.parse(
    (await ask('POST', '/api/keys', { ...user, 'idempotency-key': 'once' }, { name: 'K' })).text,
  )
  const key = { authorization: `Bearer ${secretOf(made.key)}` }

  t.equal(
    (await ask('GET', '/api/whoami', { ...key, 'user-agent': secretOf(generateCredential('sk_live_').text) }))
      .status,
    200,
  )
  const strays = (['sk_live_', 'sk_dev_', 'at_', 'rt_', 'inv_', 'ist_', 'oat_'] as const).map((prefix) =>
    secretOf(generateCredential(prefix).text),
  )
  for (const stray of strays) {
    await ask('GET', '/api/whoami', { authorization: `Bearer ${stray}`, 'user-agent': `x ${stray}` })
    await ask('GET', '/api/whoami', { 'x-api-key': stray, ...user })
    await ask('GET', '/api/whoami', {
      ...key,
      referer: stray,
      cookie: `a=${stray}`,
      'x-forwarded-for': stray,
      'x-request-id': stray,
    })
    await ask('GET', `/api/campaigns/${stray}?token=${stray}`, key)
    await ask('GET', `/nowhere/${stray}`, key)
    await ask('GET', `/api/campaigns?cursor=${stray}`, key)
  }
  await ask('GET', `/api/whoami?password=${marked()}`, key)
  await ask('POST', '/api/auth/login', {}, { email: account.email, password: marked() })
  await ask('POST', '/api/auth/login', {}, { email: account.email, password, [marked()]: 1 })
  await ask('POST', '/api/auth/refresh', {}, { refreshToken: strays[3] })
  await ask('POST', '/api/keys', { ...key, 'idempotency-key': marked() }, { name: 'K', secret: marked() })
  const sent = await ask('GET', '/api/whoami', key)
  await until(
    async () => (await ask('GET', `/api/logs/${sent.requestId}`, key)).status === 200,
    'the database to have them all',
  )
  const logs = await ask('GET', '/api/logs?limit=100', key)
  const audit = await ask('GET', '/api/audit', key)

  const spool = join(dataDir, 'spool', 'production')
  const files = await Promise.all((await readdir(spool)).map((name) => readFile(join(spool, name), 'latin1')))
  await server.end('SIGTERM')
  const places = {
    'process log': server.output(),
    logs: logs.text,
    audit: audit.text,
    spool: files.join(''),
    database: await dump(database.url),
  }
  t.ok(
    places.database.includes(made.id) && places.database.includes('/nowhere/sk_live_[redacted]'),
    'the dump is one',
  )
  for (const [place, text] of Object.entries(places)) {
    t.strictSame(
      [...secrets].filter((secret) => text.includes(secret)),
      [],
      place,
    )
  }
})

/** Every row of every table of both environments and their queues, as JSON, bytea as the bytes that it holds. */
async function dump(url: string): Promise<string> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`
  let text = ''
  for (const { name } of tables) {
    const rows = await sql.unsafe(`select * from ${name}`)
    text += JSON.stringify(rows, (_, value) =>
      value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
    )
  }
  await sql.end()
  return text
}
