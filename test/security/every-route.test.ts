import postgres from 'postgres'
import t, { type Test } from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { allows, type Role, roleScopes, roles, type Scope, scopes } from '../../schemas/access.ts'
import { type Answer, type Tenant, testApp } from '../support/app.ts'
import { csvOfPeople, sendForm } from '../support/bulk.ts'
import { type Operation, operationsOf, routesOf } from '../support/operations.ts'
import { makeOwner } from '../support/owner.ts'
import { makeWebhook } from '../support/webhooks.ts'

const codes: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'IDEMPOTENCY_MISMATCH',
  429: 'RATE_LIMITED',
  503: 'UNAVAILABLE',
}

/** What holds of every answer, whatever was asked. */
function wellFormed(t: Test, name: string, { status, body, headers }: Answer): void {
  const id = String(headers['x-request-id'])
  if (!/^req_[0-7][0-9a-z]{25}$/.test(id)) t.fail(`${name}: x-request-id is ${id}`)
  if (headers['x-content-type-options'] !== 'nosniff') t.fail(`${name}: without security headers`)
  if (status === 401 && !headers['www-authenticate']) t.fail(`${name}: 401 without WWW-Authenticate`)
  if (status < 400) return
  const { error } = body
  if (error?.code !== codes[status] || error?.requestId !== id || typeof error?.message !== 'string') {
    t.fail(`${name}: ${status} ${JSON.stringify(body)}`)
  }
}

t.test('every route', async (t) => {
  const server = await testApp(t)
  const { app, call } = server
  await app.ready()
  const operations = operationsOf(app)
  const guarded = operations.filter((operation) => operation.access !== 'public')
  const scoped = guarded.filter((operation) => scopes.includes(operation.access as Scope))
  const sql = postgres(server.databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())

  const ask = async (
    t: Test,
    operation: Operation,
    headers: Record<string, string>,
    known?: Record<string, string>,
  ): Promise<Answer> => {
    const body = operation.body()
    const answer =
      operation.contentType === 'multipart/form-data'
        ? await sendForm(server, operation.url(known), headers, csvOfPeople(1))
        : await call(operation.method, operation.url(known), {
            headers,
            ...(body === undefined ? {} : { body }),
          })
    wellFormed(t, operation.name, answer)
    return answer
  }

  t.test('is in the document, and says what it needs', async (t) => {
    t.ok(operations.length > 40, `${operations.length} operations`)
    for (const { name, access } of operations) {
      t.ok(
        ['public', 'authenticated', 'user', 'key', 'interview', ...scopes].includes(access as Scope),
        `${name}: ${access}`,
      )
    }
    const documented = new Set(operations.map(({ name }) => name.replace(/\{(\w+)\}/g, ':$1')))
    const routes = routesOf(app.printRoutes({ commonPrefix: false }))
    t.ok(routes.length > operations.length, `${routes.length} routes`)
    const hidden = routes.filter((name) => !documented.has(name))
    const known =
      /^(GET) (\/docs|\/openapi\.json|\/status|\/metrics|\/members\/accept|\/dashboard|\/sdk\.js|\/sdk\/|\/interview$|\/\.well-known|\/oauth)/
    t.same(
      hidden.filter((name) => !known.test(name)),
      [],
      'nothing of the API is left out of the document',
    )
  })

  t.test('refuses who presents nothing, garbage, or a credential that was never issued', async (t) => {
    for (const operation of guarded) {
      const nothing = await ask(t, operation, {})
      t.equal(nothing.status, 401, `${operation.name}: nothing`)
      t.equal(nothing.body.error?.message, 'Missing credentials')
      t.match(nothing.headers['www-authenticate'], /^Bearer/)
      const refusals: [string, Record<string, string>, string][] = [
        ['garbage', { authorization: 'Bearer garbage' }, 'Invalid bearer token'],
        ['a key cut short', { authorization: 'Bearer sk_dev_abc' }, 'Invalid API key'],
        [
          'an invented key',
          { authorization: `Bearer ${generateCredential('sk_dev_').text}` },
          'Invalid API key',
        ],
        [
          'an invented token',
          { authorization: `Bearer ${generateCredential('at_').text}` },
          'Invalid bearer token',
        ],
        [
          'a refresh token',
          { authorization: `Bearer ${generateCredential('rt_').text}` },
          'Invalid bearer token',
        ],
      ]
      for (const [what, headers, message] of refusals) {
        const answer = await ask(t, operation, headers)
        if (answer.status !== 401 || answer.body.error.message !== message) {
          t.fail(`${operation.name}, ${what}: ${answer.status} ${JSON.stringify(answer.body)}`)
        }
      }
      const foreign = await ask(t, operation, {
        authorization: `Bearer ${generateCredential('sk_live_').text}`,
      })
      t.equal(foreign.status, 401, `${operation.name}: a key of the other environment`)
      t.match(foreign.body.error.hint, /production/)
      const basic = await ask(t, operation, { authorization: 'Basic YTpi' })
      t.equal(basic.status, 400, `${operation.name}: another scheme`)
    }
  })

  t.test('refuses a revoked key and an ended session', async (t) => {
    const tenant = await server.tenant()
    const { body: spare } = await call('POST', '/api/keys', { headers: tenant.auth, body: { name: 'Spare' } })
    const used = await call('GET', '/api/whoami', { headers: { authorization: `Bearer ${spare.key}` } })
    t.equal(used.status, 200)
    const options = { headers: { authorization: `Bearer ${tenant.accessToken}` } }
    t.equal((await call('DELETE', `/api/keys/${spare.id}`, { headers: tenant.auth })).status, 200)
    t.equal((await call('POST', '/api/auth/logout', options)).status, 204)
    for (const operation of guarded) {
      const key = await ask(t, operation, { authorization: `Bearer ${spare.key}` })
      t.equal(key.status, 401, `${operation.name}: revoked key`)
      const token = await ask(t, operation, options.headers)
      t.equal(token.status, 401, `${operation.name}: ended session`)
      const both = await ask(t, operation, { 'x-api-key': tenant.key, ...options.headers })
      t.equal(both.status, 401, `${operation.name}: a good key beside it`)
    }
  })

  t.test('refuses a key that lacks its scope, and names the scope', async (t) => {
    const tenant = await server.tenant()
    for (const needed of new Set(scoped.map(({ access }) => access as Scope))) {
      const others = scopes.filter((scope) => scope !== '*' && !allows([scope], needed))
      const { body: made } = await call('POST', '/api/keys', {
        headers: tenant.auth,
        body: { name: needed, scopes: others },
      })
      for (const operation of scoped.filter(({ access }) => access === needed)) {
        const answer = await ask(t, operation, { authorization: `Bearer ${made.key}` })
        t.equal(answer.status, 403, `${operation.name} without ${needed}`)
        t.match(JSON.stringify(answer.body.error), needed)
        t.match(answer.body.error.message, /^Insufficient permissions/)
      }
    }
  })

  t.test('refuses a user whose role does not allow it', async (t) => {
    const tenant = await server.tenant()
    for (const role of roles) {
      await sql`update memberships set role = ${role} where user_id = ${tenant.userId}`
      app.verifier.clear()
      for (const operation of scoped) {
        if (allows(roleScopes(role as Role), operation.access as Scope)) continue
        const answer = await ask(t, operation, tenant.both)
        t.equal(answer.status, 403, `${operation.name} as ${role}`)
      }
    }
  })

  t.test("finds nothing under another tenant's ids, and changes nothing of theirs", async (t) => {
    const owner = await server.tenant()
    const { body: campaign } = await call('POST', '/api/campaigns', {
      headers: owner.auth,
      body: { name: 'Theirs' },
    })
    const { body: log } = await call('GET', '/api/logs', { headers: owner.auth })
    const [session] = await sql`select id from sessions where organization_id = ${owner.organizationId}`
    const { body: invite } = await call('POST', `/api/campaigns/${campaign.id}/invites`, {
      headers: owner.auth,
      body: { candidate: { email: 'theirs@candidate.example', name: 'Theirs' } },
    })
    const { body: opened } = await call('POST', '/api/embed/sessions', { body: { invite: invite.token } })
    const theirs: Record<string, string> = {
      ...(await makeWebhook(server, owner)),
      cmp: campaign.id,
      cnd: invite.candidateId,
      inv: invite.id,
      int: opened.interview.id,
      key: owner.keyId,
      usr: owner.userId,
      ses: session?.id,
      org: owner.organizationId,
      ...(log.logs[0] ? { req: log.logs[0].id } : {}),
    }
    const before = await rowsOf(sql, owner)
    for (const operation of guarded.filter(({ ids }) => ids.length > 0)) {
      const stranger = await server.tenant()
      const answer = await ask(t, operation, stranger.both, theirs)
      t.ok([400, 403, 404].includes(answer.status), `${operation.name}: ${answer.status}`)
      t.notOk(JSON.stringify(answer.body).includes('Theirs'), `${operation.name}: tells nothing`)
    }
    t.same(await rowsOf(sql, owner), before)
  })

  t.test('answers its owner without a fault of ours', async (t) => {
    const seen = new Map<number, number>()
    for (const operation of operations.filter(({ streams }) => !streams)) {
      const owner = await makeOwner(server)
      const answer = await ask(t, operation, owner.credentialFor(operation), owner.ids)
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
      t.ok(
        answer.status < 500,
        `${operation.name}: ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 200)}`,
      )
    }
    const good = [...seen].filter(([status]) => status < 300).reduce((sum, [, count]) => sum + count, 0)
    t.ok(good > operations.length / 2, `made requests that fit: ${JSON.stringify([...seen])}`)
  })

  t.test('takes no body of another type', async (t) => {
    const tenant = await server.tenant()
    for (const operation of operations.filter(({ contentType }) => contentType === 'application/json')) {
      for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x']) {
        const response = await app.inject({
          method: operation.method,
          url: operation.url(),
          headers: { ...(operation.access === 'public' ? {} : tenant.both), 'content-type': type },
          payload: 'name=x',
        })
        const answer = { status: response.statusCode, body: response.json(), headers: response.headers }
        wellFormed(t, operation.name, answer)
        t.ok([415, 403].includes(answer.status), `${operation.name}, ${type}: ${answer.status}`)
      }
    }
  })

  t.test('takes no body that fits nothing', async (t) => {
    const tenant = await server.tenant()
    for (const operation of operations.filter(({ contentType }) => contentType === 'application/json')) {
      for (const payload of [
        '{',
        '[]',
        '"x"',
        '7',
        'null',
        '{"surely":{"nobody":"knows this"}}',
        '{"__proto__":{}}',
      ]) {
        const response = await app.inject({
          method: operation.method,
          url: operation.url(),
          headers: {
            ...(operation.access === 'public' ? {} : tenant.both),
            'content-type': 'application/json',
          },
          payload,
        })
        const answer = { status: response.statusCode, body: response.json(), headers: response.headers }
        wellFormed(t, operation.name, answer)
        t.ok([400, 403].includes(answer.status), `${operation.name}, ${payload}: ${answer.status}`)
      }
    }
  })
})

/** What a tenant has that others might change. */
function rowsOf(sql: postgres.Sql, { organizationId }: Tenant) {
  return Promise.all([
    sql`select * from campaigns where organization_id = ${organizationId} order by id`,
    sql`select * from candidates where organization_id = ${organizationId} order by id`,
    sql`select * from invites where organization_id = ${organizationId} order by id`,
    sql`select * from interviews where organization_id = ${organizationId} order by id`,
    sql`select * from keys where organization_id = ${organizationId} order by id`,
    sql`select * from memberships where organization_id = ${organizationId} order by user_id`,
    sql`select id, ended_at from sessions where organization_id = ${organizationId} order by id`,
    sql`select * from organizations where id = ${organizationId}`,
    sql`select * from webhooks where organization_id = ${organizationId}`,
    sql`select * from deliveries where organization_id = ${organizationId}`,
  ])
}
