import t, { type Test } from 'tap'
import type { Tenant } from '../support/app.ts'
import { pdf } from '../support/files.ts'
import { operationsOf } from '../support/operations.ts'
import { mailingApp } from '../support/people.ts'
import { beginSlowly, type SlowRequest } from '../support/slow-request.ts'

// Issue "a credential is checked once, when its headers arrive": headers and half a body, then the credential ends,
// then the rest. Nothing may happen.
const server = await mailingApp(t)
const origin = await server.listen()
const { app, call } = server

interface Ended {
  readonly headers: Record<string, string>
  /** Ends or narrows the credential. Resolves once that is answered. */
  end(): Promise<unknown>
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function expectStatus(answer: Promise<{ status: number; body: unknown }>, status: number) {
  const { status: seen, body } = await answer
  if (seen !== status) throw new Error(`${seen} ${JSON.stringify(body)}`)
  return body as Record<string, string>
}

async function keyOf(tenant: Tenant, facts: object = {}) {
  const body = { name: 'Slow', ...facts }
  return expectStatus(call('POST', '/api/keys', { headers: tenant.auth, body }), 201)
}

/** Every way in which a credential ends or is narrowed, for a tenant of its own. */
const endings: Record<string, (tenant: Tenant) => Promise<Ended>> = {
  'a revoked key': async (tenant) => {
    const { id, key } = await keyOf(tenant)
    const end = () => expectStatus(call('DELETE', `/api/keys/${id}`, { headers: tenant.auth }), 200)
    return { headers: bearer(key as string), end }
  },
  'a key without its scopes': async (tenant) => {
    const { id, key } = await keyOf(tenant)
    const body = { scopes: ['logs:read'] }
    const end = () => expectStatus(call('PATCH', `/api/keys/${id}`, { headers: tenant.auth, body }), 200)
    return { headers: bearer(key as string), end }
  },
  'a key that is rotated without grace': async (tenant) => {
    const { id, key } = await keyOf(tenant)
    const body = { graceHours: 0 }
    const end = () =>
      expectStatus(call('POST', `/api/keys/${id}/rotate`, { headers: tenant.auth, body }), 201)
    return { headers: bearer(key as string), end }
  },
  'a session that is logged out': async (tenant) => {
    const headers = { 'x-api-key': tenant.key, ...bearer(tenant.accessToken) }
    const end = () =>
      expectStatus(call('POST', '/api/auth/logout', { headers: bearer(tenant.accessToken) }), 204)
    return { headers, end }
  },
  'a session whose password was reset': async (tenant) => {
    const other = await expectStatus(
      call('POST', '/api/auth/login', { body: { email: tenant.email, password: tenant.password } }),
      200,
    )
    const body = { currentPassword: tenant.password, newPassword: 'another long password 4711' }
    const headers = { 'x-api-key': tenant.key, ...bearer(tenant.accessToken) }
    const end = () =>
      expectStatus(
        call('POST', '/api/auth/password/change', { headers: bearer(other.accessToken as string), body }),
        204,
      )
    return { headers, end }
  },
  'a member who was removed': async (tenant) => {
    const member = await server.join(tenant, 'admin')
    const end = () =>
      expectStatus(
        call('DELETE', `/api/members/${member.userId}`, { headers: bearer(tenant.accessToken) }),
        204,
      )
    return { headers: { 'x-api-key': tenant.key, ...member.auth }, end }
  },
  'a member who was made a viewer': async (tenant) => {
    const member = await server.join(tenant, 'admin')
    const options = { headers: bearer(tenant.accessToken), body: { role: 'viewer' } }
    const end = () => expectStatus(call('PATCH', `/api/members/${member.userId}`, options), 200)
    return { headers: { 'x-api-key': tenant.key, ...member.auth }, end }
  },
}

/** The writes of the report, each with a body that works. */
const writes = [
  { method: 'POST', path: '/api/keys', body: { name: 'Too late' } },
  { method: 'POST', path: '/api/campaigns', body: { name: 'Too late' } },
  { method: 'POST', path: '/api/webhooks', body: { url: 'https://example.com/hook', events: ['*'] } },
  { method: 'POST', path: '/api/members/invitations', body: { email: 'late@example.com', role: 'viewer' } },
  { method: 'POST', path: '/api/candidates', body: { email: 'late@example.com', name: 'Late' } },
] as const

for (const [name, prepare] of Object.entries(endings)) {
  t.test(`what began before it is refused after it: ${name}`, async (t) => {
    const tenant = await server.tenant()
    const { headers, end } = await prepare(tenant)
    t.equal((await call('GET', '/api/whoami', { headers })).status, 200)
    const begun: SlowRequest[] = []
    for (const { method, path, body } of writes) {
      begun.push(await beginSlowly(origin, { method, path, headers, body: JSON.stringify(body) }))
    }
    await end()
    for (const [index, request] of begun.entries()) {
      const { status, text } = await request.finish()
      t.ok([401, 403].includes(status), `${writes[index]?.path} ${status} ${text}`)
    }
  })
}

const formType = 'multipart/form-data; boundary=x'
const form =
  '--x\r\nContent-Disposition: form-data; name="file"; filename="late.pdf"\r\n\r\n' +
  `${pdf().toString('latin1')}\r\n--x--\r\n`

/** What forms are sent to. */
async function idsOf({ auth: headers }: Tenant): Promise<Record<string, string>> {
  const [campaign, candidate] = await Promise.all([
    expectStatus(call('POST', '/api/campaigns', { headers, body: { name: 'Late' } }), 201),
    expectStatus(
      call('POST', '/api/candidates', { headers, body: { email: 'a@example.com', name: 'A' } }),
      201,
    ),
  ])
  return { cmp: campaign.id as string, cnd: candidate.id as string }
}

t.test('each documented operation with a body is refused when its key was revoked meanwhile', async (t) => {
  const tenant = await server.tenant()
  const slow = operationsOf(app).filter(
    ({ access, contentType, method }) =>
      contentType !== null && method !== 'GET' && !['public', 'interview', 'user'].includes(access),
  )
  t.ok(slow.length > 15, `${slow.length} operations`)
  const { id, key } = await keyOf(tenant)
  const headers = bearer(key as string)
  await expectStatus(call('GET', '/api/whoami', { headers }), 200)
  const begun: { name: string; request: SlowRequest }[] = []
  const known = await idsOf(tenant)
  for (const operation of slow) {
    const { name, method } = operation
    const isForm = operation.contentType === 'multipart/form-data'
    const content = isForm ? { type: formType, body: form } : { body: JSON.stringify(operation.body()) }
    const path = operation.url(isForm ? known : {})
    begun.push({ name, request: await beginSlowly(origin, { method, path, headers, ...content }) })
  }
  await expectStatus(call('DELETE', `/api/keys/${id}`, { headers: tenant.auth }), 200)
  for (const { name, request } of begun) t.equal((await request.finish()).status, 401, name)
})

t.test('a slow request whose credential still stands is answered as any other', async (t: Test) => {
  const tenant = await server.tenant()
  const body = JSON.stringify({ name: 'In good time' })
  const request = await beginSlowly(origin, { method: 'POST', path: '/api/keys', headers: tenant.auth, body })
  t.equal((await request.finish()).status, 201)
})
