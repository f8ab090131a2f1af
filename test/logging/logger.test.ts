import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { openLog } from '../../operations/logging/logger.ts'
import { createTestDatabase, TEST_KEY } from '../support/database.ts'
import { until } from '../support/until.ts'

const { text: key, secret } = generateCredential('sk_live_')

t.test('JSON entries have a time that people read, and no credential wherever it stands', async (t) => {
  const { lines, destination } = collect()
  const log = await openLog({ logLevel: 'info', logFormat: 'json' }, destination)
  log.error(
    {
      requestId: 'req_1',
      err: new Error(`refused ${key}`),
      headers: { authorization: `Bearer ${key}`, 'x-api-key': key, cookie: 'session=abc' },
      body: { password: 'a long password', nested: { totp: '123456', url: `/i#${key}` } },
      password: 'a long password',
    },
    `a request with ${key}`,
  )
  const [line = ''] = lines
  const entry = JSON.parse(line)
  t.match(entry, { requestId: 'req_1', level: 50, time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ })
  t.match(entry.msg, 'sk_live_[redacted]')
  t.match(entry.err.stack, 'Error: refused sk_live_[redacted]')
  t.match(entry.body.nested.url, 'sk_live_[redacted]')
  for (const hidden of [secret, 'a long password', '123456', 'session=abc']) t.notOk(line.includes(hidden))
})

t.test('only the mail of a sandbox keeps its links, and no text can pass for one', async (t) => {
  const { lines, destination } = collect()
  const log = await openLog({ logLevel: 'info', logFormat: 'json' }, destination)
  log.info({ mail: { to: 'a@b.example', subject: 's', text: `open ${key}` } }, 'e-mail')
  log.info({ text: `"mail":{"to": ${key}` }, 'no e-mail')
  t.match(lines[0], key)
  t.notMatch(lines[1], secret)
})

t.test('at a terminal an entry is a text, with the same redaction', async (t) => {
  const { lines, destination } = collect()
  const log = await openLog({ logLevel: 'info', logFormat: 'pretty' }, destination)
  log.warn({ requestId: 'req_2', token: 'abc' }, `a request with ${key}`)
  const text = lines.join('')
  t.match(text, /WARN.*a request with sk_live_\[redacted\]/s)
  t.match(text, 'requestId: "req_2"')
  t.throws(() => JSON.parse(text))
  t.notOk(text.includes(secret) || text.includes('abc'))
})

t.test('with LOG_FORMAT=json everything that a first start prints is JSON without a secret', async (t) => {
  const { output, dataDir } = await firstStart(t, { LOG_FORMAT: 'json' })
  await until(() => output().includes('Anteroom is up'), 'the start')
  const entries = output()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const up = entries.find(({ msg }) => msg === 'Anteroom is up')
  t.match(up, { environment: 'sandbox', baseUrl: /\/api$/, firstCredentials: join(dataDir, 'welcome.txt') })
  const text = await readFile(up.firstCredentials, 'utf8')
  t.equal((await stat(up.firstCredentials)).mode & 0o777, 0o600)
  const [, password = ''] = /Log-in +\S+ +(\S+)/.exec(text) ?? []
  const [, apiKey = ''] = /API key +(\S+)/.exec(text) ?? []
  t.equal(password.length, 16)
  t.notOk(output().includes(password))
  t.notOk(output().includes(apiKey))
})

t.test(
  'unless told otherwise, people get the welcome as text and the log holds none of its secrets',
  async (t) => {
    const { output } = await firstStart(t, {})
    await until(() => output().includes('api/auth/login'), 'the welcome')
    const [, password = ''] = /Log-in +\S+ +(\S+)/.exec(output()) ?? []
    t.equal(password.length, 16)
    const entries = output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    t.ok(entries.length > 0, 'the log is JSON where no terminal is')
    for (const entry of entries) {
      JSON.parse(entry)
      t.notOk(entry.includes(password))
    }
  },
)

function collect() {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { lines, destination }
}

/** Starts a sandbox on an empty database; it ends with the test. */
async function firstStart(t: Test, variables: Record<string, string>) {
  const database = await createTestDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-test-'))
  const child = spawn(process.execPath, ['server.ts'], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      ENCRYPTION_KEY: TEST_KEY,
      PASSWORD_BCRYPT_COST: '4',
      KEY_BCRYPT_COST: '4',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
    await database.drop()
    await rm(dataDir, { recursive: true, force: true })
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  return { output: () => output, dataDir }
}
