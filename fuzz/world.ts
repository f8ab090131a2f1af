import { generateCredential } from '../credentials/format.ts'
import { scopes } from '../schemas/access.ts'
import type { CredentialName } from './credentials.ts'
import { Pool } from './pool.ts'

type Headers = Readonly<Record<string, string>>

/** The headers of each kind of credential. */
export type Credentials = ReadonlyMap<CredentialName, readonly (readonly [string, string])[]>

/** Two organizations, every kind of credential of the first, and what both have. */
export interface World {
  readonly credentials: Credentials
  /** Ids of the first organization. */
  readonly pool: Pool
  /** Ids of the other one. */
  readonly foreign: Pool
  /** Whether what most requests present is still let in. */
  isWell(): Promise<boolean>
}

interface Tenant {
  readonly accessToken: string
  readonly refreshToken: string
  readonly email: string
  readonly password: string
  readonly key: string
  readonly keyId: string
}

let made = 0

/** Makes a world on a server, by its public API. */
export async function makeWorld(base: string): Promise<World> {
  const ask = asker(base)
  const [tenant, other] = await Promise.all([makeTenant(ask), makeTenant(ask)])
  const pool = poolOf(tenant)
  const foreign = poolOf(other)
  const learn = async (method: string, path: string, headers: Headers, body?: unknown) => {
    const { status, text } = await ask(method, path, headers, body)
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`)
    pool.learn(text)
    return JSON.parse(text)
  }
  const auth = bearer(tenant.key)
  const questions = ['text', 'audio', 'video'].map((kind) => ({
    id: kind,
    kind,
    prompt: `Say it as ${kind}`,
  }))
  const campaign = await learn('POST', '/api/campaigns', auth, { name: 'Fuzzed', questions })
  const invite = (email: string) =>
    learn('POST', `/api/campaigns/${campaign.id}/invites`, auth, {
      candidate: { email, name: 'Ada' },
      sendEmail: false,
    })
  const begun = await invite('begun@fuzz.invalid')
  await invite('waits@fuzz.invalid')
  const session = await learn('POST', '/api/embed/sessions', {}, { invite: begun.token })
  await learn('POST', '/api/webhooks', auth, { url: 'https://hooks.invalid/anteroom', events: ['*'] })
  for (const path of ['/api/keys', '/api/events', '/api/organization', '/api/members'])
    await learn('GET', path, auth)
  await learn('GET', '/api/auth/sessions', bearer(tenant.accessToken))
  foreign.learn((await ask('GET', '/api/whoami', bearer(other.key))).text)

  const credentials = await makeCredentials(ask, tenant, other, session.sessionToken, pool)
  const vital: CredentialName[] = ['key', 'user', 'cookie', 'key of another tenant', 'user of another tenant']
  return {
    credentials,
    pool,
    foreign,
    isWell: async () => {
      const answers = await Promise.all(
        vital.map((name) => ask('GET', '/api/whoami', Object.fromEntries(credentials.get(name) ?? []))),
      )
      const embed = await ask('GET', '/api/embed/interview', bearer(session.sessionToken))
      return [...answers, embed].every(({ status }) => status === 200)
    },
  }
}

function poolOf({ email, password, refreshToken, keyId }: Tenant): Pool {
  const pool = new Pool({ email, password, refreshToken })
  pool.spare(keyId)
  return pool
}

type Ask = (
  method: string,
  path: string,
  headers: Headers,
  body?: unknown,
) => Promise<{ status: number; text: string; cookie: string }>

function asker(base: string): Ask {
  return async (method, path, headers, body) => {
    const type: Headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(base + path, {
      method,
      headers: { ...type, ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const [cookie = ''] = response.headers.getSetCookie()
    return { status: response.status, text: await response.text(), cookie: cookie.split(';')[0] as string }
  }
}

async function makeTenant(ask: Ask): Promise<Tenant> {
  made += 1
  const email = `owner-${process.pid}-${Date.now()}-${made}@fuzz.invalid`
  const password = 'correct horse battery staple 9'
  const account = { email, password, name: 'Owner', organizationName: 'Fuzzed' }
  const { accessToken, refreshToken } = await must(ask, 'POST', '/api/auth/signup', {}, account)
  const { key, id } = await must(ask, 'POST', '/api/keys', bearer(accessToken), { name: 'Everything' })
  return { accessToken, refreshToken, email, password, key, keyId: id }
}

async function makeCredentials(
  ask: Ask,
  tenant: Tenant,
  other: Tenant,
  interview: string,
  pool: Pool,
): Promise<Credentials> {
  const user = bearer(tenant.accessToken)
  const revoked = await must(ask, 'POST', '/api/keys', user, { name: 'Revoked' })
  await must(ask, 'DELETE', `/api/keys/${revoked.id}`, user)
  const expiresAt = new Date(Date.now() + 500).toISOString()
  const expired = await must(ask, 'POST', '/api/keys', user, { name: 'Expired', expiresAt })
  const { email, password } = tenant
  const ended = await must(ask, 'POST', '/api/auth/login', {}, { email, password })
  await ask('POST', '/api/auth/logout', bearer(ended.accessToken))
  const { cookie } = await ask('POST', '/dashboard/session', {}, { email, password })
  const scoped = await Promise.all(
    scopes
      .filter((scope) => scope !== '*')
      .map(async (scope) => {
        // Plans limit the number of keys: where there are no more, the credential is one that nobody issued.
        const { text } = await ask('POST', '/api/keys', user, { name: scope, scopes: [scope] })
        const { id, key } = JSON.parse(text)
        // No request of the run gives it another scope.
        if (id) pool.spare(id)
        return [`scope:${scope}` as const, lines(bearer(key ?? invented('sk_dev_')))] as const
      }),
  )
  await waitFor(async () => (await ask('GET', '/api/whoami', bearer(expired.key))).status === 401)
  const plain: Record<string, Headers> = {
    none: {},
    malformed: { authorization: 'Bearer sk_dev_x' },
    'another scheme': { authorization: 'Basic YTpi' },
    key: bearer(tenant.key),
    'key of the wrong environment': bearer(invented('sk_live_')),
    'invented key': bearer(invented('sk_dev_')),
    'revoked key': bearer(revoked.key),
    'expired key': bearer(expired.key),
    'key beside user': { 'x-api-key': tenant.key, ...user },
    'key alone in x-api-key': { 'x-api-key': tenant.key },
    user,
    'invented token': bearer(invented('at_')),
    'refresh token': bearer(tenant.refreshToken),
    'ended session': bearer(ended.accessToken),
    cookie: { cookie, 'sec-fetch-site': 'same-origin' },
    'cookie from another site': { cookie, 'sec-fetch-site': 'cross-site' },
    'interview session': bearer(interview),
    'key of another tenant': bearer(other.key),
    'key of another tenant beside user': { 'x-api-key': other.key, ...user },
    'user of another tenant': bearer(other.accessToken),
  }
  return new Map<CredentialName, readonly (readonly [string, string])[]>([
    ...Object.entries(plain).map(([name, headers]) => [name as CredentialName, lines(headers)] as const),
    ['two credentials', [...lines(bearer(tenant.key)), ...lines(bearer(other.key))]],
    ...scoped,
  ])
}

async function must(ask: Ask, method: string, path: string, headers: Headers, body?: unknown) {
  const { status, text } = await ask(method, path, headers, body)
  if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`)
  return JSON.parse(text)
}

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('the key that should have expired has not')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function bearer(credential: string): Headers {
  return { authorization: `Bearer ${credential}` }
}

function invented(prefix: 'sk_live_' | 'sk_dev_' | 'at_'): string {
  return generateCredential(prefix).text
}

function lines(headers: Headers): (readonly [string, string])[] {
  return Object.entries(headers)
}
