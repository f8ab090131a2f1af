import fc from 'fast-check'
import t from 'tap'
import { readOrigins } from '../../operations/organizations/origins.ts'
import { planOf, requireFeature, requireRoom } from '../../operations/plans/plans.ts'
import { testApp } from '../support/app.ts'
import { bearer, mailingApp } from '../support/people.ts'

t.test('an organization reads and changes its settings, and other replicas have them at once', async (t) => {
  const { call, tenant, ...server } = await testApp(t)
  const other = await testApp(t, {}, server)
  const owner = await tenant()
  const headers = bearer(owner.accessToken)
  const before = await call('GET', '/api/organization', { headers: owner.auth })
  t.match(before, {
    status: 200,
    body: {
      id: owner.organizationId,
      name: 'Tenant',
      plan: 'free',
      allowedOrigins: [],
      requireTotp: false,
      leakedKeys: 'revoke',
      limits: { members: 1000, rateLimitPerMinute: 1_000_000 },
    },
  })
  t.equal((await other.call('GET', '/api/whoami', { headers })).body.organization.name, 'Tenant')
  const patch = (body: object) => call('PATCH', '/api/organization', { headers, body })
  t.match(
    await patch({
      name: 'Renamed',
      allowedOrigins: ['https://Careers.example.com:443', 'http://localhost:5173/'],
    }),
    {
      status: 200,
      body: { name: 'Renamed', allowedOrigins: ['https://careers.example.com', 'http://localhost:5173'] },
    },
  )
  t.equal((await other.call('GET', '/api/whoami', { headers })).body.organization.name, 'Renamed')
  t.match(await patch({ leakedKeys: 'report', requireTotp: true }), {
    status: 200,
    body: { leakedKeys: 'report', requireTotp: true },
  })
  t.match(await patch({ requireTotp: false }), { status: 403 }, 'who asks for a second factor needs one')
  const [record] = await server.app.database`
    select changes from audit_records
    where organization_id = ${owner.organizationId} and action = 'organization.changed' order by sequence limit 1`
  t.match(JSON.parse(String(record?.changes)), { name: { from: 'Tenant', to: 'Renamed' } })
})

t.test('what is no setting, and no web origin, is refused', async (t) => {
  const { call, tenant } = await testApp(t)
  const { auth } = await tenant()
  const bodies = [
    {},
    { plan: 'enterprise' },
    { name: ' ' },
    { allowedOrigins: ['https://example.com/path'] },
    { allowedOrigins: ['*'] },
    { allowedOrigins: ['https://*.example.com'] },
    { allowedOrigins: ['ftp://example.com'] },
    { allowedOrigins: ['null'] },
    { allowedOrigins: ['https://user@example.com'] },
    { leakedKeys: 'ignore' },
  ]
  for (const body of bodies) {
    t.equal(
      (await call('PATCH', '/api/organization', { headers: auth, body })).status,
      400,
      JSON.stringify(body),
    )
  }
})

t.test('members read the settings and do not change them', async (t) => {
  const { call, tenant, join } = await mailingApp(t)
  const owner = await tenant()
  const member = await join(owner, 'member')
  t.equal((await call('GET', '/api/organization', { headers: member.auth })).status, 200)
  const refused = await call('PATCH', '/api/organization', { headers: member.auth, body: { name: 'Mine' } })
  t.equal(refused.status, 403)
})

t.test('an origin that was read once is read the same again', async (t) => {
  fc.assert(
    fc.property(fc.webUrl(), (url) => {
      const { origin } = new URL(url)
      const [read] = readOrigins([origin])
      t.ok(read !== undefined && readOrigins([read])[0] === read)
    }),
    { numRuns: 50 },
  )
  t.same(readOrigins(['https://a.example', 'https://a.example/', 'https://A.example']), ['https://a.example'])
})

t.test('plans: features in production by plan, all of them in the sandbox', async (t) => {
  t.throws(() => requireFeature('production', 'free', 'requireTotp'), {
    code: 'FORBIDDEN',
    message: /requireTotp/,
  })
  t.throws(() => requireFeature('production', 'unheard-of', 'reportLeakedKeys'), {
    message: /reportLeakedKeys/,
  })
  for (const feature of ['requireTotp', 'reportLeakedKeys'] as const) {
    requireFeature('sandbox', 'free', feature)
    requireFeature('production', 'team', feature)
    requireFeature('production', 'enterprise', feature)
  }
  requireRoom('production', 'enterprise', 'keys', 1e9)
  requireRoom('production', 'free', 'members', 999)
  t.throws(() => requireRoom('production', 'free', 'members', 1000), { message: /members.*1000/ })
  t.equal(planOf('production', 'team').rateLimitFactor, 5)
})

t.test('a plan raises the organization’s rate limit', async (t) => {
  const { call, tenant, app } = await testApp(t, { RATE_LIMIT_PER_MINUTE: '10' })
  const owner = await tenant()
  t.equal((await call('GET', '/api/whoami', { headers: owner.auth })).headers['x-ratelimit-limit'], '10')
  await app.database`update organizations set plan = 'team' where id = ${owner.organizationId}`
  app.verifier.invalidate(`organization:${owner.organizationId}`)
  t.equal((await call('GET', '/api/whoami', { headers: owner.auth })).headers['x-ratelimit-limit'], '50')
  const settings = await call('GET', '/api/organization', { headers: owner.auth })
  t.equal(settings.body.limits.rateLimitPerMinute, 50)
})
