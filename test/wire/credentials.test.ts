import { Agent, request } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { type Answer, testApp } from '../support/app.ts'

t.test('how a request says who it is, over a real connection', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const { hostname, port } = new URL(base)
  const one = await server.tenant()
  const two = await server.tenant()
  // One connection for all of them: what one request said must not stick to the next.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())

  /** Sends header lines as they stand, doubles too. */
  const ask = async (lines: [string, string][], path = '/api/whoami'): Promise<Answer> => {
    const sent = request({ hostname, port, path, agent, headers: [['host', 'localhost'], ...lines].flat() })
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve).on('error', reject).end()
    })
    const body = JSON.parse(await readText(response))
    t.match(response.headers['x-request-id'], /^req_/)
    if ((response.statusCode ?? 0) >= 400) {
      t.equal(body.error.requestId, response.headers['x-request-id'])
      t.match(response.headers['content-type'], /^application\/json/)
    }
    return { status: response.statusCode ?? 0, body, headers: response.headers }
  }
  const bearer = (token: string): [string, string] => ['Authorization', `Bearer ${token}`]
  const key = (value: string): [string, string] => ['X-API-Key', value]

  t.test('who is known', async (t) => {
    const both = await ask([key(one.key), bearer(one.accessToken)])
    t.match(both, { status: 200, body: { user: { id: one.userId }, credential: { type: 'api_key+user' } } })
    const alone = await ask([bearer(one.key)])
    t.match(alone, { status: 200, body: { organization: { id: one.organizationId }, user: null } })
    const user = await ask([bearer(one.accessToken)])
    t.match(user, { status: 200, body: { user: { id: one.userId }, credential: { type: 'user' } } })
    t.equal(
      (await ask([['authorization', `bearer   ${one.key}`]])).status,
      200,
      'a scheme in small letters, blanks',
    )
    t.equal((await ask([bearer(one.accessToken)], '/api/keys')).status, 200, 'settings without a key')
    t.equal((await ask([bearer(one.accessToken)], '/api/logs')).status, 200)
    const work = await ask([bearer(one.accessToken)], '/api/campaigns')
    t.match(work, { status: 400, body: { error: { code: 'BAD_REQUEST', message: /x-api-key/ } } })
    t.equal((await ask([key(one.key), bearer(one.accessToken)], '/api/campaigns')).status, 200)
  })

  t.test('who is not', async (t) => {
    const nothing = await ask([])
    t.match(nothing, {
      status: 401,
      body: { error: { code: 'UNAUTHORIZED', message: 'Missing credentials' } },
    })
    t.equal(nothing.headers['www-authenticate'], 'Bearer')
    const wrongKey = { status: 401, body: { error: { code: 'UNAUTHORIZED', message: 'Invalid API key' } } }
    const wrongToken = {
      status: 401,
      body: { error: { code: 'UNAUTHORIZED', message: 'Invalid bearer token' } },
    }
    t.match(await ask([bearer(`${one.key}x`)]), wrongKey, 'a mistyped key')
    t.match(await ask([bearer(generateCredential('sk_dev_').text)]), wrongKey, 'an invented key')
    const live = await ask([bearer(generateCredential('sk_live_').text)])
    t.match(live, { ...wrongKey, body: { error: { hint: /production/ } } }, 'of the other environment')
    for (const prefix of ['at_', 'rt_', 'oat_', 'ist_', 'inv_'] as const) {
      t.match(await ask([bearer(generateCredential(prefix).text)]), wrongToken, `an invented ${prefix}`)
    }
    t.match(await ask([bearer(one.refreshToken)]), wrongToken, 'a refresh token is none to ask with')
    t.match(await ask([key(one.key), bearer(two.accessToken)]), wrongToken, "another tenant's token")
    t.match(await ask([key(one.accessToken), bearer(one.accessToken)]), wrongKey, 'a token as the key')
    t.match(await ask([key('garbage'), bearer(one.accessToken)]), wrongKey)
  })

  t.test('what is malformed', async (t) => {
    const alone = await ask([key(one.key)])
    t.match(alone, { status: 400, body: { error: { message: /Authorization/ } } }, 'a key alone in x-api-key')
    const malformed: Record<string, [string, string][]> = {
      'a key in both': [key(one.key), bearer(one.key)],
      'Authorization twice': [bearer(one.key), bearer(one.key)],
      'Authorization twice, in other letters': [bearer(one.key), ['AUTHORIZATION', `Bearer ${two.key}`]],
      'x-api-key twice': [key(one.key), key(one.key), bearer(one.accessToken)],
      'x-api-key twice, the first empty': [key(''), key(one.key), bearer(one.accessToken)],
      'an empty x-api-key': [key(''), bearer(one.accessToken)],
      'another scheme': [['authorization', 'Basic YTpi']],
      'no scheme': [['authorization', one.key]],
      'a scheme alone': [['authorization', 'Bearer']],
      'an empty header': [['authorization', '']],
      'two tokens': [['authorization', `Bearer ${one.key} ${one.key}`]],
      'two tokens with a comma': [['authorization', `Bearer ${one.key}, Bearer ${one.key}`]],
    }
    for (const [name, lines] of Object.entries(malformed)) {
      const answer = await ask(lines)
      t.match(answer, { status: 400, body: { error: { code: 'BAD_REQUEST' } } }, name)
      t.match(answer.body.error.details?.[0]?.path, /^headers\./, `${name}: where`)
      t.notOk(JSON.stringify(answer.body).includes(one.key), `${name}: not said again`)
    }
  })

  t.test('paths that are none, and methods that are not served', async (t) => {
    for (const path of ['/api/nothing', '/API/whoami', '//api/whoami', '/api', '/api/whoami//']) {
      t.match(await ask([], path), { status: 404, body: { error: { code: 'NOT_FOUND' } } }, path)
    }
    for (const method of ['OPTIONS', 'PUT', 'DELETE', 'PROPFIND']) {
      const response = await fetch(`${base}/healthz`, { method })
      t.equal(response.status, 405, method)
      t.equal(response.headers.get('allow'), 'GET, HEAD')
    }
    t.equal((await ask([bearer(one.key)], '/api/whoami/')).status, 200, 'a trailing slash is the same path')
    t.equal((await ask([], '/api/whoami/?a=b')).status, 401)
    const head = await fetch(`${base}/api/whoami`, { method: 'HEAD', headers: one.auth })
    t.equal(head.status, 200)
    t.equal(await head.text(), '')
    t.equal((await fetch(`${base}/api/whoami`, { method: 'HEAD' })).status, 401)
  })
  t.test('who takes turns on one connection, and whose key ends meanwhile', async (t) => {
    const user = bearer(two.accessToken)
    for (const { key: own, organizationId } of [one, two, two, one]) {
      t.match(await ask([bearer(own)]), { status: 200, body: { organization: { id: organizationId } } })
    }
    t.equal((await ask([key(two.key), user])).body.user.id, two.userId)
    t.equal((await ask([key(one.key), user])).status, 401, 'the same token beside another key')
    t.match(await ask([user]), { status: 200, body: { credential: { type: 'user' } } })

    const made = await server.call('POST', '/api/keys', {
      headers: Object.fromEntries([user]),
      body: { name: 'Ends' },
    })
    t.equal((await ask([bearer(made.body.key)])).status, 200)
    await server.call('DELETE', `/api/keys/${made.body.id}`, { headers: Object.fromEntries([user]) })
    t.equal((await ask([bearer(made.body.key)])).status, 401)
  })
})

t.test('who fails too often waits, and who is known does not', async (t) => {
  const server = await testApp(t, { AUTH_FAILURES_PER_MINUTE: '5', RATE_LIMIT_PER_MINUTE: '30' })
  const base = await server.listen()
  const tenant = await server.tenant()
  const ask = (headers: Record<string, string>) => fetch(`${base}/api/whoami`, { headers })
  t.equal((await ask(tenant.auth)).status, 200)
  for (let attempt = 1; attempt <= 5; attempt += 1)
    t.equal((await ask({ authorization: 'Bearer x' })).status, 401)
  const stopped = await ask({ authorization: 'Bearer x' })
  t.equal(stopped.status, 429)
  t.match(await stopped.json(), {
    error: { code: 'RATE_LIMITED', requestId: stopped.headers.get('x-request-id') },
  })
  t.ok(Number(stopped.headers.get('retry-after')) > 0)
  t.match(stopped.headers.get('x-ratelimit-remaining'), '0')
  const known = await ask(tenant.auth)
  t.equal(known.status, 200, 'a verified caller goes on')
  t.equal(known.headers.get('x-ratelimit-limit'), '30')
  const all = await Promise.all(Array.from({ length: 40 }, () => ask(tenant.auth)))
  const limited = all.filter(({ status }) => status === 429)
  t.ok(limited.length > 0, "more than the organization's limit")
  t.ok(limited.every(({ headers }) => Number(headers.get('retry-after')) > 0))
})
