import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { ConfigError, readConfig } from '../../config/config.ts'
import { encryptionKeyOf } from '../../config/encryption-key.ts'

const secret = randomBytes(32)
const production = {
  ANTEROOM_ENV: 'production',
  DATABASE_URL: 'postgres://db/x',
  ENCRYPTION_KEY: secret.toString('base64'),
}

function linesOf(source: Record<string, string>): readonly string[] {
  try {
    readConfig(source)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.lines
    throw error
  }
}

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'anteroom-config-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

t.test("the contract's defaults", async (t) => {
  const config = readConfig({})
  t.match(config, {
    environment: { name: 'sandbox', schema: 'sandbox' },
    host: '127.0.0.1',
    port: 3000,
    publicUrl: null,
    basePath: '',
    databaseUrl: null,
    dataDir: resolve('.data'),
    redisUrl: null,
    signup: 'open',
    keyBcryptCost: 10,
    passwordBcryptCost: 12,
    accessTokenSeconds: 900,
    refreshTokenSeconds: 2_592_000,
    rateLimitPerMinute: 600,
    authFailuresPerMinute: 10,
    signupsPerHour: 20,
    requestTimeoutSeconds: 30,
    logRetentionDays: 90,
    webhookAllowedTargets: [],
    trustProxy: [],
    smtpUrl: null,
    storage: { kind: 'folder', folder: resolve('.data/files') },
    encryptionKey: null,
    previousEncryptionKey: null,
    logLevel: 'info',
    metricsPort: null,
  })
  t.ok(Object.isFrozen(config))
  const blank = Object.fromEntries(
    ['PORT', 'HOST', 'SIGNUP', 'DATABASE_URL', 'LOG_LEVEL'].map((name) => [name, '']),
  )
  t.same(readConfig(blank), config, 'an empty variable counts as not set')
  const live = readConfig(production)
  t.match(live, { environment: { name: 'production', stages: [{ prefix: 'sk_live_' }] }, signup: 'closed' })
})

t.test('each variable is read', async (t) => {
  const read: [string, string, Record<string, unknown>][] = [
    ['HOST', '::1', { host: '::1' }],
    ['PORT', '0', { port: 0 }],
    ['PUBLIC_URL', 'https://api.example.com//', { publicUrl: 'https://api.example.com' }],
    [
      'PUBLIC_URL',
      'https://example.com/tools/anteroom/',
      { publicUrl: 'https://example.com/tools/anteroom', basePath: '/tools/anteroom' },
    ],
    ['DATABASE_URL', 'postgres://a:b@db/x', { databaseUrl: 'postgres://a:b@db/x' }],
    ['EMBEDDED_DATABASE', 'yes', { databaseUrl: null }],
    [
      'DATA_DIR',
      '/srv/data',
      { dataDir: '/srv/data', storage: { kind: 'folder', folder: '/srv/data/files' } },
    ],
    ['REDIS_URL', 'rediss://cache:6380', { redisUrl: 'rediss://cache:6380' }],
    ['SIGNUP', 'closed', { signup: 'closed' }],
    ['KEY_BCRYPT_COST', '4', { keyBcryptCost: 4 }],
    ['PASSWORD_BCRYPT_COST', '5', { passwordBcryptCost: 5 }],
    ['ACCESS_TOKEN_TTL', '60', { accessTokenSeconds: 60 }],
    ['REFRESH_TOKEN_TTL', '3600', { refreshTokenSeconds: 3600 }],
    ['RATE_LIMIT_PER_MINUTE', '7', { rateLimitPerMinute: 7 }],
    ['AUTH_FAILURES_PER_MINUTE', '8', { authFailuresPerMinute: 8 }],
    ['SIGNUPS_PER_HOUR', '9', { signupsPerHour: 9 }],
    ['REQUEST_TIMEOUT', '5', { requestTimeoutSeconds: 5 }],
    ['SHUTDOWN_DELAY', '0', { shutdownDelaySeconds: 0 }],
    ['SHUTDOWN_GRACE', '60', { shutdownGraceSeconds: 60 }],
    ['MEMORY_LIMIT_PERCENT', '80', { memoryLimitPercent: 80 }],
    ['LOG_RETENTION_DAYS', '30', { logRetentionDays: 30 }],
    ['WEBHOOK_ALLOWED_TARGETS', '10.0.0.0/8, ::1/128', { webhookAllowedTargets: ['10.0.0.0/8', '::1/128'] }],
    ['TRUST_PROXY', '10.1.2.3 fd00::/8', { trustProxy: ['10.1.2.3', 'fd00::/8'] }],
    ['SMTP_URL', 'smtps://mail:465', { smtpUrl: 'smtps://mail:465' }],
    ['STORAGE_URL', 'file:/srv/files', { storage: { kind: 'folder', folder: '/srv/files' } }],
    ['STORAGE_URL', 'file:///srv/my%20files', { storage: { kind: 'folder', folder: '/srv/my files' } }],
    ['STORAGE_URL', 's3://bucket/a/b/', { storage: { bucket: 'bucket', prefix: 'a/b/', credentials: null } }],
    ['STORAGE_URL', 's3://bucket', { storage: { region: 'us-east-1', endpoint: null, pathStyle: false } }],
    [
      'STORAGE_URL',
      's3://id:se%2Fcret@bucket?region=eu-central-1&endpoint=http://minio:9000',
      {
        storage: {
          prefix: '',
          region: 'eu-central-1',
          endpoint: 'http://minio:9000',
          pathStyle: true,
          credentials: { accessKeyId: 'id', secretAccessKey: 'se/cret' },
        },
      },
    ],
    ['ENCRYPTION_KEY', secret.toString('hex'), { encryptionKey: secret }],
    ['LOG_LEVEL', 'warn', { logLevel: 'warn' }],
    ['METRICS_PORT', '9100', { metricsPort: 9100 }],
  ]
  for (const [name, value, expected] of read) t.match(readConfig({ [name]: value }), expected, name)
})

t.test('each wrong value is one line that names its variable and not a secret', async (t) => {
  const wrong: Record<string, string[]> = {
    ANTEROOM_ENV: ['staging', 'Sandbox'],
    PORT: ['-1', '65536', 'http', '1.5'],
    PUBLIC_URL: [
      'api.example.com',
      'ftp://x',
      '//x',
      'https://x/?a=b',
      'https://x/#y',
      'https://id:hunter2@x',
      'https://x/a%20b',
    ],
    DATABASE_URL: ['mysql://root:hunter2@db', 'hunter2', 'postgres'],
    REDIS_URL: ['http://:hunter2@cache'],
    SIGNUP: ['yes', 'OPEN'],
    KEY_BCRYPT_COST: ['3', '17', 'ten'],
    PASSWORD_BCRYPT_COST: ['0', '31'],
    ACCESS_TOKEN_TTL: ['0', '-5', '15m'],
    REFRESH_TOKEN_TTL: ['0', 'never'],
    RATE_LIMIT_PER_MINUTE: ['0', 'none'],
    AUTH_FAILURES_PER_MINUTE: ['0'],
    SIGNUPS_PER_HOUR: ['-1'],
    REQUEST_TIMEOUT: ['0', '-1', '3601', 'none'],
    SHUTDOWN_DELAY: ['-1', '301'],
    SHUTDOWN_GRACE: ['0', 'none'],
    MEMORY_LIMIT_PERCENT: ['9', '101'],
    LOG_RETENTION_DAYS: ['0', '4000'],
    WEBHOOK_ALLOWED_TARGETS: ['10.0.0.0/33', 'localhost', '10/8'],
    TRUST_PROXY: ['1', 'true', '10.1', '0x7f000001', 'proxy.example', '::/129'],
    SMTP_URL: ['mail.example', 'http://mail:hunter2@mail'],
    STORAGE_URL: [
      '/srv/files',
      'gs://bucket',
      'file:',
      's3://',
      's3://id@bucket',
      's3://id:hunter2@bucket?regoin=x',
      's3://id:hunter2@bucket?endpoint=minio',
      's3://id:hunter2@bucket?pathStyle=yes',
      's3://id:hunter2@bucket?region=EU!',
    ],
    ENCRYPTION_KEY: ['hunter2', 'ab'.repeat(31)],
    LOG_LEVEL: ['verbose'],
    METRICS_PORT: ['70000', '3000'],
    EMBEDDED_DATABASE: ['true', 'YES'],
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const lines = linesOf({ [name]: value })
      t.equal(lines.length, 1, `${name}=${value}: ${lines.join(' | ')}`)
      t.match(lines[0], new RegExp(`^${name} .+[^\n]$`), `${name}=${value}`)
      t.notMatch(lines[0], /hunter2/)
    }
  }
  const all = Object.fromEntries(Object.entries(wrong).map(([name, [value = '']]) => [name, value]))
  const lines = linesOf(all)
  t.same(
    lines.map((line) => line.split(' ', 1)[0]).sort(),
    Object.keys(wrong).sort(),
    'all at once, one line each',
  )
})

t.test('what production asks for', async (t) => {
  const { ENCRYPTION_KEY: _, ...withoutKey } = production
  t.match(linesOf(withoutKey), [/^ENCRYPTION_KEY is required in production/])
  t.match(linesOf({ ...production, ENCRYPTION_KEY: 'short' }), [/^ENCRYPTION_KEY must be 32 bytes/])
  t.match(linesOf({ ...production, SIGNUP: 'open' }), [/^SMTP_URL is required in production/])
  t.same(linesOf({ ...production, SIGNUP: 'open', SMTP_URL: 'smtp://mail' }), [])
})

t.test('a production without a database of its own has to be asked for', async (t) => {
  const { DATABASE_URL: _, ...without } = production
  const required = /^DATABASE_URL is required in production: .*EMBEDDED_DATABASE=yes/
  t.match(linesOf(without), [required])
  t.match(linesOf({ ...without, EMBEDDED_DATABASE: 'no' }), [required])
  t.match(readConfig({ ...without, EMBEDDED_DATABASE: 'yes' }), { databaseUrl: null })
  t.match(readConfig({ ...production, EMBEDDED_DATABASE: 'yes' }), { databaseUrl: production.DATABASE_URL })
  t.match(linesOf({ EMBEDDED_DATABASE: 'no' }), [/^DATABASE_URL is required while EMBEDDED_DATABASE is no/])
  t.equal(linesOf({ ...without, DATABASE_URL: 'mysql://db' }).length, 1, 'a wrong one is told once')
})

t.test('a URL that was copied from a provider', async (t) => {
  const read = (query: string) => readConfig({ DATABASE_URL: `postgres://a:b@db/x${query}` }).databaseUrl
  t.equal(read('?sslmode=verify-full&channel_binding=prefer'), 'postgres://a:b@db/x?sslmode=verify-full')
  t.equal(
    read('?sslmode=verify-full&sslrootcert=system'),
    'postgres://a:b@db/x?sslmode=verify-full&sslrootcert=system',
  )
  t.equal(read('?application_name=mine'), 'postgres://a:b@db/x?application_name=mine', 'kept as it is')
  for (const parameter of ['channel_binding=require', 'sslrootcert=/ca.pem', 'sslcert=/me.pem', 'service=x'])
    t.match(linesOf({ DATABASE_URL: `postgres://db/x?${parameter}` }), [
      new RegExp(`^DATABASE_URL has the parameter ${parameter.split('=')[0]}, which is not supported: .+`),
    ])
  // The driver would let them win over the schema and the role that Anteroom asks for.
  for (const parameter of ['role', 'search_path', 'pgbouncer', 'schema'])
    t.match(linesOf({ DATABASE_URL: `postgres://db/x?${parameter}=hunter2` }), [
      new RegExp(`^DATABASE_URL has the parameter "${parameter}", which Anteroom does not know$`),
    ])
  t.match(linesOf({ DATABASE_URL: 'postgres://db/x?sslmode=verify_full' }), [
    /^DATABASE_URL has an unknown sslmode/,
  ])
})

t.test('secrets in files', async (t) => {
  const dir = folder(t)
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text)
    return join(dir, name)
  }
  const values: Record<string, string> = {
    DATABASE_URL: 'postgres://user:pass@db/x',
    REDIS_URL: 'redis://cache',
    SMTP_URL: 'smtp://mail',
    STORAGE_URL: 's3://bucket',
    ENCRYPTION_KEY: secret.toString('base64'),
  }
  const files = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${name}_FILE`, file(name, `${value}\n`)]),
  )
  t.same(readConfig(files), readConfig(values), 'the same as in variables, without the last line feed')
  for (const name of Object.keys(values)) {
    const both = linesOf({ [name]: values[name] ?? '', [`${name}_FILE`]: files[`${name}_FILE`] ?? '' })
    t.match(both, [new RegExp(`^${name}_FILE and ${name} are both set`)])
    t.match(linesOf({ ...production, [name]: '', [`${name}_FILE`]: join(dir, 'nowhere') }), [
      new RegExp(`^${name}_FILE can't be read: ENOENT`),
    ])
  }
  t.match(linesOf({ DATABASE_URL_FILE: file('wrong', 'hunter2') }), [/^DATABASE_URL must be a URL/])
})

t.test("the sandbox's own encryption key is made once, and is its user's alone", async (t) => {
  const dataDir = join(folder(t), 'not there yet')
  const made = encryptionKeyOf({ encryptionKey: null, dataDir })
  t.equal(made.length, 32)
  t.same(encryptionKeyOf({ encryptionKey: null, dataDir }), made)
  const path = join(dataDir, 'encryption.key')
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(readFileSync(path, 'utf8').trim(), made.toString('base64'))
  t.same(encryptionKeyOf({ encryptionKey: secret, dataDir }), secret, 'a configured one comes first')
})

t.test('what a crash left of that key is not taken for one', async (t) => {
  const dataDir = folder(t)
  writeFileSync(join(dataDir, 'encryption.key'), '')
  t.throws(
    () => encryptionKeyOf({ encryptionKey: null, dataDir }),
    /^DATA_DIR holds a wrong encryption key: .+/,
  )
})
