import postgres from 'postgres'
import t, { type Test } from 'tap'
import type { Body } from '../support/app.ts'
import { commandLine } from '../support/command.ts'
import { createTestDatabase } from '../support/database.ts'
import { testServer } from '../support/postgres.ts'
import { startServer } from '../support/server-process.ts'
import { codeOf, wrongCode } from '../support/totp.ts'

t.setTimeout(580_000)

const OLD = Buffer.alloc(32, 'the key until now').toString('base64')
const NEW = Buffer.alloc(32, 'the key from now on').toString('base64')

type Headers = Record<string, string>

t.test(
  'the encryption key is changed while servers run, and everything opens before and after',
  async (t) => {
    const database = await createTestDatabase()
    t.teardown(() => database.drop())
    const owner = new URL((await testServer()).ownerUrl)
    owner.pathname = new URL(database.url).pathname
    const variables = { DATABASE_URL: owner.href, DATA_DIR: t.testdir() }
    const withOld = { ...variables, ENCRYPTION_KEY: OLD }
    const withBoth = { ...variables, ENCRYPTION_KEY: NEW, ENCRYPTION_KEY_PREVIOUS: OLD }
    const withNew = { ...variables, ENCRYPTION_KEY: NEW }
    const sql = postgres(database.url, { max: 1, connection: { search_path: 'sandbox' } })
    t.teardown(() => sql.end())

    const first = await startServer(t, withOld)
    const one = await fill(first.url)
    await sql`insert into sandbox_jobs.job_common (name, data, start_after)
    select 'mail', data, now() + interval '1 day' from sandbox_jobs.job_common where name = 'mail' limit 1`
    await opensAll(t, first.url, one, 'before')
    t.match(await commandLine(withOld)('audit', 'accept', '--anchors', '--reason', 'a first anchor'), {
      code: 0,
    })
    t.match(await commandLine(withOld)('encryption-key', 'rotate'), {
      code: 1,
      error: /Set ENCRYPTION_KEY to the new key/,
    })
    await first.end('SIGTERM')

    const during = await startServer(t, withBoth)
    await opensAll(t, during.url, one, 'with both keys')
    const other = await fill(during.url)
    const both = commandLine(withBoth)
    const status = JSON.parse((await both('encryption-key', 'status', '--json')).out)
    t.match(status.counts, {
      webhooks: { current: 1, previous: 1, unreadable: 0 },
      secondFactors: { current: 1, previous: 1, unreadable: 0 },
      auditHeads: { unreadable: 0 },
    })
    t.ok(status.counts.idempotentResponses.previous > 0)
    t.ok(status.counts.auditHeads.previous > 0)
    const rotated = await both('encryption-key', 'rotate', '--json')
    t.match(rotated, { code: 0, error: '' })
    t.equal(JSON.parse(rotated.out).resealed, status.left, 'each value once')
    t.equal(JSON.parse((await both('encryption-key', 'status', '--json')).out).left, 0)
    await opensAll(t, during.url, one, 'after the rotation')
    t.match(await commandLine(withOld)('keys', 'list', one.organizationId), {
      code: 1,
      error: /ENCRYPTION_KEY is not the key/,
    })
    await during.end('SIGTERM')

    const after = await startServer(t, withNew)
    await opensSecrets(t, after.url, one, 'with the new key alone')
    await opensAll(t, after.url, other, 'with the new key alone')
    t.match(await commandLine(withNew)('audit', 'verify'), {
      code: 0,
      out: /against anchor .*every chain is whole/,
    })
    await after.end('SIGTERM')
  },
)

/** An organization with one of each thing that is sealed. */
async function fill(url: string) {
  const email = `owner-${Math.random().toString(36).slice(2)}@rotation.example`
  const password = 'a long password 4711'
  const signup = await post(
    url,
    '/api/auth/signup',
    {},
    { email, password, name: 'Ada', organizationName: 'Kept' },
  )
  const user = { authorization: `Bearer ${signup.accessToken}` }
  const { secret } = await post(url, '/api/auth/totp', user, { password })
  await post(url, '/api/auth/totp/confirm', user, { code: await codeOf(secret) })
  const { key } = await post(url, '/api/keys', user, { name: 'Everything' })
  const auth = { authorization: `Bearer ${key}` }
  const webhook = await post(url, '/api/webhooks', auth, {
    url: 'https://hooks.example.com/kept',
    events: ['webhook.test'],
  })
  const idempotent = { ...auth, 'idempotency-key': 'once' }
  const second = await post(url, '/api/keys', idempotent, { name: 'Second' })
  return {
    organizationId: signup.organization.id,
    secret,
    email,
    password,
    auth,
    webhook,
    idempotent,
    second,
  }
}

async function opensAll(
  t: Test,
  url: string,
  one: Awaited<ReturnType<typeof fill>>,
  when: string,
): Promise<void> {
  const again = await post(url, '/api/keys', one.idempotent, { name: 'Second' })
  t.equal(again.key, one.second.key, `${when}: a kept response shows the same key`)
  await opensSecrets(t, url, one, when)
}

async function opensSecrets(
  t: Test,
  url: string,
  one: Awaited<ReturnType<typeof fill>>,
  when: string,
): Promise<void> {
  const webhook = await fetch(`${url}/api/webhooks/${one.webhook.id}`, { headers: one.auth })
  t.equal(webhook.status, 200, `${when}: the webhook's secret`)
  const login = { email: one.email, password: one.password, totp: await wrongCode(one.secret) }
  const refused = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(login),
  })
  t.equal(refused.status, 401, `${when}: a wrong code is compared with the second factor`)
}

async function post(url: string, path: string, headers: Headers, body: unknown): Promise<Body> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (response.status > 204) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.status === 204 ? null : response.json()
}
