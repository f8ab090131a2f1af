import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { envSchema } from 'env-schema'
import Type, { type Static } from 'typebox'
import { databaseUrl } from './database-url.ts'
import { type Environment, environmentOf } from './environment.ts'
import { networks } from './networks.ts'
import { type StorageLocation, storageLocation } from './storage.ts'

const seconds = (fallback: number, minimum = 1) =>
  Type.Integer({ default: fallback, minimum, maximum: 10 * 365 * 86_400 })
const count = (fallback: number) => Type.Integer({ default: fallback, minimum: 1, maximum: 1_000_000_000 })

const Variables = Type.Object({
  ANTEROOM_ENV: Type.Enum(['sandbox', 'production'], { default: 'sandbox' }),
  HOST: Type.String({ default: '127.0.0.1', minLength: 1 }),
  PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65_535 }),
  PUBLIC_URL: Type.Optional(Type.String()),
  DATABASE_URL: Type.Optional(Type.String()),
  DATABASE_TENANT_URL: Type.Optional(Type.String()),
  DATABASE_SYSTEM_URL: Type.Optional(Type.String()),
  DATABASE_DIRECT_URL: Type.Optional(Type.String()),
  EMBEDDED_DATABASE: Type.Optional(Type.Enum(['yes', 'no'])),
  DATA_DIR: Type.String({ default: '.data', minLength: 1 }),
  REDIS_URL: Type.Optional(Type.String()),
  SIGNUP: Type.Optional(Type.Enum(['open', 'closed'])),
  KEY_BCRYPT_COST: Type.Integer({ default: 10, minimum: 4, maximum: 16 }),
  PASSWORD_BCRYPT_COST: Type.Integer({ default: 12, minimum: 4, maximum: 16 }),
  ACCESS_TOKEN_TTL: seconds(900),
  REFRESH_TOKEN_TTL: seconds(2_592_000),
  RATE_LIMIT_PER_MINUTE: count(600),
  AUTH_FAILURES_PER_MINUTE: count(10),
  SIGNUPS_PER_HOUR: count(20),
  REQUEST_TIMEOUT: Type.Integer({ default: 30, minimum: 1, maximum: 3600 }),
  SHUTDOWN_DELAY: Type.Optional(Type.Integer({ minimum: 0, maximum: 300 })),
  SHUTDOWN_GRACE: Type.Integer({ default: 20, minimum: 1, maximum: 3600 }),
  MEMORY_LIMIT_PERCENT: Type.Integer({ default: 90, minimum: 10, maximum: 100 }),
  LOG_RETENTION_DAYS: Type.Integer({ default: 90, minimum: 1, maximum: 3650 }),
  WEBHOOK_ALLOWED_TARGETS: Type.Optional(Type.String()),
  TRUST_PROXY: Type.Optional(Type.String()),
  SMTP_URL: Type.Optional(Type.String()),
  STORAGE_URL: Type.Optional(Type.String()),
  STORAGE_PER_ORGANIZATION: Type.Optional(Type.Integer({ minimum: 1 })),
  ENCRYPTION_KEY: Type.Optional(Type.String()),
  ENCRYPTION_KEY_PREVIOUS: Type.Optional(Type.String()),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info' }),
  LOG_FORMAT: Type.Optional(Type.Enum(['pretty', 'json'])),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(Type.String()),
  METRICS_PORT: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
})
type Variables = Static<typeof Variables>

/** Values that an operator may hand over in a file, as container secrets are: `<NAME>_FILE` names it. */
const fromFile = [
  'DATABASE_URL',
  'DATABASE_TENANT_URL',
  'DATABASE_SYSTEM_URL',
  'DATABASE_DIRECT_URL',
  'REDIS_URL',
  'SMTP_URL',
  'ENCRYPTION_KEY',
  'ENCRYPTION_KEY_PREVIOUS',
  'STORAGE_URL',
] as const

/** Everything that the process was told, checked and frozen. Durations carry their unit in their name. */
export interface Config {
  readonly environment: Environment
  readonly host: string
  readonly port: number
  /** Without a trailing slash; null: made from the address that the server really listens on. */
  readonly publicUrl: string | null
  /** The path of `publicUrl`, under which a proxy shows the server: empty, or with a leading slash. */
  readonly basePath: string
  /** The owner's login. Null: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | null
  /** Logins that the operator has created. Null: the migration creates one. */
  readonly databaseTenantUrl: string | null
  readonly databaseSystemUrl: string | null
  /** The owner's login past a transaction pooler. Null: there is no pooler. */
  readonly databaseDirectUrl: string | null
  /** Absolute path. */
  readonly dataDir: string
  readonly redisUrl: string | null
  readonly signup: 'open' | 'closed'
  readonly keyBcryptCost: number
  readonly passwordBcryptCost: number
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly rateLimitPerMinute: number
  readonly authFailuresPerMinute: number
  readonly signupsPerHour: number
  /** For the headers and body of an ordinary request. */
  readonly requestTimeoutSeconds: number
  /** For how long `/readyz` says no before no new connections are taken; then the grace of what is under way. */
  readonly shutdownDelaySeconds: number
  readonly shutdownGraceSeconds: number
  /** Of the heap's limit, and of the container's memory: beyond it requests are refused. */
  readonly memoryLimitPercent: number
  readonly logRetentionDays: number
  /** CIDRs that webhooks may reach besides public addresses. */
  readonly webhookAllowedTargets: readonly string[]
  /** Addresses and CIDRs of proxies whose forwarded header is believed. */
  readonly trustProxy: readonly string[]
  readonly smtpUrl: string | null
  readonly storage: StorageLocation
  /** Bytes of files that an organization may have; null: what its plan says. */
  readonly storagePerOrganization: number | null
  /** 32 bytes; null: made in `dataDir` at the first start (sandbox alone). */
  readonly encryptionKey: Buffer | null
  /** 32 bytes: what it sealed is opened too. Null: the key was never changed, or all is sealed anew. */
  readonly previousEncryptionKey: Buffer | null
  readonly logLevel: Variables['LOG_LEVEL']
  /** Null: `pretty` on a terminal, `json` elsewhere. */
  readonly logFormat: 'pretty' | 'json' | null
  /** Where traces go, without a trailing slash. Null: nowhere. */
  readonly otlpEndpoint: string | null
  readonly metricsPort: number | null
}

/** A start refused: one line for each wrong or missing variable, for a person to read. */
export class ConfigError extends Error {
  readonly lines: readonly string[]
  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('\n'), options)
    this.name = 'ConfigError'
    this.lines = lines
  }
}

/**
 * Reads the environment variables of the contract's table.
 * @param source an empty string counts as not set
 * @throws ConfigError with one line a variable
 */
export function readConfig(source: Readonly<Record<string, string | undefined>> = process.env): Config {
  const problems: string[] = []
  const given = readVariables(source, problems)
  const variables = validate(given, problems)

  const environment = environmentOf(variables.ANTEROOM_ENV)
  const production = environment.name === 'production'
  const signup = variables.SIGNUP ?? (production ? 'closed' : 'open')
  const dataDir = resolve(variables.DATA_DIR)

  const config: Config = {
    environment,
    host: variables.HOST,
    port: variables.PORT,
    ...publicUrl(variables.PUBLIC_URL, problems),
    databaseUrl: databaseUrl('DATABASE_URL', variables.DATABASE_URL, problems),
    databaseTenantUrl: databaseUrl('DATABASE_TENANT_URL', variables.DATABASE_TENANT_URL, problems),
    databaseSystemUrl: databaseUrl('DATABASE_SYSTEM_URL', variables.DATABASE_SYSTEM_URL, problems),
    databaseDirectUrl: databaseUrl('DATABASE_DIRECT_URL', variables.DATABASE_DIRECT_URL, problems),
    dataDir,
    redisUrl: url('REDIS_URL', variables.REDIS_URL, ['redis:', 'rediss:', 'valkey:', 'valkeys:'], problems),
    signup,
    keyBcryptCost: variables.KEY_BCRYPT_COST,
    passwordBcryptCost: variables.PASSWORD_BCRYPT_COST,
    accessTokenSeconds: variables.ACCESS_TOKEN_TTL,
    refreshTokenSeconds: variables.REFRESH_TOKEN_TTL,
    rateLimitPerMinute: variables.RATE_LIMIT_PER_MINUTE,
    authFailuresPerMinute: variables.AUTH_FAILURES_PER_MINUTE,
    signupsPerHour: variables.SIGNUPS_PER_HOUR,
    requestTimeoutSeconds: variables.REQUEST_TIMEOUT,
    shutdownDelaySeconds: variables.SHUTDOWN_DELAY ?? (production ? 3 : 0),
    shutdownGraceSeconds: variables.SHUTDOWN_GRACE,
    memoryLimitPercent: variables.MEMORY_LIMIT_PERCENT,
    logRetentionDays: variables.LOG_RETENTION_DAYS,
    webhookAllowedTargets: networks('WEBHOOK_ALLOWED_TARGETS', variables.WEBHOOK_ALLOWED_TARGETS, problems),
    trustProxy: networks('TRUST_PROXY', variables.TRUST_PROXY, problems),
    smtpUrl: url('SMTP_URL', variables.SMTP_URL, ['smtp:', 'smtps:'], problems),
    storage: storageLocation(variables.STORAGE_URL, dataDir, problems),
    storagePerOrganization: variables.STORAGE_PER_ORGANIZATION ?? null,
    encryptionKey: encryptionKey('ENCRYPTION_KEY', variables.ENCRYPTION_KEY, problems),
    previousEncryptionKey: encryptionKey(
      'ENCRYPTION_KEY_PREVIOUS',
      variables.ENCRYPTION_KEY_PREVIOUS,
      problems,
    ),
    logLevel: variables.LOG_LEVEL,
    logFormat: variables.LOG_FORMAT ?? null,
    otlpEndpoint:
      url(
        'OTEL_EXPORTER_OTLP_ENDPOINT',
        variables.OTEL_EXPORTER_OTLP_ENDPOINT,
        ['http:', 'https:'],
        problems,
      )?.replace(/\/+$/, '') ?? null,
    metricsPort: variables.METRICS_PORT ?? null,
  }
  // A variable whose file can't be read has its line already.
  const isMissing = (name: keyof Variables) =>
    !variables[name] && !problems.some((line) => line.startsWith(`${name}_FILE`))
  const embedded = variables.EMBEDDED_DATABASE ?? (production ? 'no' : 'yes')
  if (embedded === 'no' && isMissing('DATABASE_URL')) {
    problems.push(
      `DATABASE_URL is required ${production ? 'in production' : 'while EMBEDDED_DATABASE is no'}: a postgres:// URL, or EMBEDDED_DATABASE=yes for a PostgreSQL in DATA_DIR`,
    )
  }
  if (production && isMissing('ENCRYPTION_KEY')) {
    problems.push(
      'ENCRYPTION_KEY is required in production: 32 bytes as base64 or hex, e.g. from `openssl rand -base64 32`',
    )
  }
  if (production && signup === 'open' && isMissing('SMTP_URL')) {
    problems.push('SMTP_URL is required in production while SIGNUP is open: an smtp:// or smtps:// URL')
  }
  if (config.metricsPort !== null && config.metricsPort !== 0 && config.metricsPort === config.port) {
    problems.push('METRICS_PORT must be another port than PORT')
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

function readVariables(source: Readonly<Record<string, string | undefined>>, problems: string[]) {
  const given: Record<string, string> = {}
  for (const name of Object.keys(Variables.properties)) {
    const value = source[name]
    if (value !== undefined && value !== '') given[name] = value
  }
  for (const name of fromFile) {
    const path = source[`${name}_FILE`]
    if (!path) continue
    if (given[name] !== undefined) {
      problems.push(`${name}_FILE and ${name} are both set: set one of them`)
      continue
    }
    try {
      given[name] = readFileSync(path, 'utf8').trim()
    } catch (error) {
      problems.push(`${name}_FILE can't be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`)
    }
  }
  return given
}

interface ValidationError {
  instancePath: string
  message?: string
  params: Record<string, unknown>
}

// Ajv stops at what it can't coerce, so that wrong variables are named, set aside, and the rest is read all the same.
function validate(given: Record<string, string>, problems: string[]): Variables {
  try {
    return envSchema<Variables>({ schema: structuredClone(Variables), data: given, env: false })
  } catch (error) {
    const errors = (error as { errors?: ValidationError[] }).errors
    if (!errors) throw error
    const wrong = new Set<string>()
    for (const { instancePath, message, params } of errors) {
      const name = instancePath.slice(1)
      if (wrong.has(name)) continue
      wrong.add(name)
      const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : ''
      problems.push(`${name} ${message ?? 'is invalid'}${allowed}`)
    }
    const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name)))
    return validate(rest, problems)
  }
}

function url(
  name: string,
  value: string | undefined,
  protocols: string[],
  problems: string[],
): string | null {
  if (value === undefined) return null
  const parsed = URL.canParse(value) ? new URL(value) : null
  if (parsed && protocols.includes(parsed.protocol)) return value
  problems.push(
    `${name} must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  )
  return null
}

function publicUrl(value: string | undefined, problems: string[]): Pick<Config, 'publicUrl' | 'basePath'> {
  const text = url('PUBLIC_URL', value, ['http:', 'https:'], problems)
  if (text === null) return { publicUrl: null, basePath: '' }
  const { origin, pathname, search, hash, username, password } = new URL(text)
  if (search || hash || username || password) {
    problems.push('PUBLIC_URL must have no query, no fragment and no password')
  }
  const basePath = pathname.replace(/\/+$/, '')
  if (!/^(\/[\w.~-]+)*$/.test(basePath)) {
    problems.push('PUBLIC_URL must have a path of letters, digits and . _ ~ - between slashes, or none')
  }
  return { publicUrl: origin + basePath, basePath }
}

function encryptionKey(name: string, value: string | undefined, problems: string[]): Buffer | null {
  if (value === undefined) return null
  const key = /^[0-9a-f]{64}$/i.test(value) ? Buffer.from(value, 'hex') : Buffer.from(value, 'base64')
  if (key.length === 32) return key
  problems.push(`${name} must be 32 bytes as base64 or hex, e.g. from \`openssl rand -base64 32\``)
  return null
}
