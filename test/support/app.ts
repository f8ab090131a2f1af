import '../../db/held-connection-check.ts'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../app.ts'
import { readConfig } from '../../config/config.ts'
import { type DatabaseLogins, databaseLogins } from '../../db/logins.ts'
import { ensureLogins } from '../../db/roles.ts'
import { createTestDatabase, TEST_KEY } from './database.ts'
import { checkLockOrder } from './lock-order.ts'

checkLockOrder()

/** An answer of the API, its body read as JSON. */
export interface Answer {
  status: number
  body: Body
  headers: Record<string, string | string[] | number | undefined>
}

/** JSON as it came: a test reads fields of it and says what it expects them to be. */
export type Body = any

/** A tenant of a test's own: an organization, its owner's tokens and a key that may do everything. */
export interface Tenant {
  organizationId: string
  userId: string
  email: string
  password: string
  accessToken: string
  refreshToken: string
  keyId: string
  key: string
  /** `Authorization: Bearer <key>`. */
  auth: Record<string, string>
  /** Both headers. */
  both: Record<string, string>
}

/** A server under test, on a database of its own. */
export interface TestApp {
  app: FastifyInstance
  /** The superuser's URL, for tests that look behind the server's back. */
  databaseUrl: string
  logins: DatabaseLogins
  /** Where it listens; starts listening on a free port of loopback at the first call. */
  listen(): Promise<string>
  call(method: InjectOptions['method'], url: string, options?: CallOptions): Promise<Answer>
  /** Signs a new organization up and makes it a key. */
  tenant(): Promise<Tenant>
}

interface CallOptions {
  headers?: Record<string, string>
  body?: unknown
  /** The client's; loopback unless told otherwise. */
  address?: string
}

/**
 * Builds a server on a database of its own; both end with the test.
 * @param variables environment variables besides those for cheap hashes and no limits in the way
 * @param shared another test server's database, for a second process's view of the same rows
 */
export async function testApp(
  t: Test,
  variables: Record<string, string> = {},
  shared?: Pick<TestApp, 'databaseUrl' | 'logins'>,
): Promise<TestApp> {
  const database = shared ? null : await createTestDatabase()
  const { url: databaseUrl, logins: prepared } = database ?? {
    url: shared?.databaseUrl as string,
    logins: shared?.logins as DatabaseLogins,
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-test-'))
  const config = readConfig({
    DATA_DIR: dataDir,
    // The database comes separately: production must not ask for it.
    EMBEDDED_DATABASE: 'yes',
    LOG_LEVEL: 'silent',
    KEY_BCRYPT_COST: '4',
    PASSWORD_BCRYPT_COST: '4',
    RATE_LIMIT_PER_MINUTE: '1000000',
    AUTH_FAILURES_PER_MINUTE: '1000000',
    SIGNUPS_PER_HOUR: '1000000',
    ENCRYPTION_KEY: TEST_KEY,
    ...variables,
  })
  const logins = databaseLogins(config, prepared.owner)
  await ensureLogins(logins, config.environment)
  const app = await buildApp(config, logins)
  t.teardown(async () => {
    await app.close()
    await database?.drop()
    await rm(dataDir, { recursive: true, force: true })
  })

  let listening: Promise<string> | undefined
  const call: TestApp['call'] = async (method, url, { headers = {}, body, address } = {}) => {
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) }
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await app.inject({
      method: method ?? 'GET',
      url,
      headers: { ...type, ...headers },
      ...(address ? { remoteAddress: address } : {}),
      ...payload,
    })
    return { status: response.statusCode, body: readBody(response.body), headers: response.headers }
  }
  return {
    app,
    databaseUrl,
    logins,
    listen: () => {
      listening ??= app.listen({ host: '127.0.0.1', port: 0 })
      return listening
    },
    call,
    tenant: () => makeTenant(call),
  }
}

async function makeTenant(call: TestApp['call']): Promise<Tenant> {
  const email = `owner-${randomBytes(6).toString('hex')}@tenant.example`
  const password = `a long password ${randomBytes(4).toString('hex')}`
  const signup = await call('POST', '/api/auth/signup', {
    body: { email, password, name: 'Owner', organizationName: 'Tenant' },
  })
  if (signup.status !== 201)
    throw new Error(`sign-up answered ${signup.status}: ${JSON.stringify(signup.body)}`)
  const accessToken: string = signup.body.accessToken
  const made = await call('POST', '/api/keys', {
    headers: { authorization: `Bearer ${accessToken}` },
    body: { name: 'Everything' },
  })
  const key: string = made.body.key
  return {
    organizationId: signup.body.organization.id,
    userId: signup.body.user.id,
    email,
    password,
    accessToken,
    refreshToken: signup.body.refreshToken,
    keyId: made.body.id,
    key,
    auth: { authorization: `Bearer ${key}` },
    both: { 'x-api-key': key, authorization: `Bearer ${accessToken}` },
  }
}

function readBody(text: string): Body {
  try {
    return JSON.parse(text)
  } catch {
    return text as Body
  }
}
