import postgres from 'postgres'
import t from 'tap'
import { newId } from '../../schemas/ids.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../support/app.ts'
import { refusedAs, rowsOf } from '../support/refused.ts'

/** Sends a body as it stands. */
async function send(
  { app }: TestApp,
  tenant: Tenant,
  payload: string | Buffer,
  headers: Record<string, string> = {},
  url = '/api/campaigns',
): Promise<Answer> {
  const response = await app.inject({
    method: 'POST',
    url,
    headers: { ...tenant.auth, 'content-type': 'application/json', ...headers },
    payload,
  })
  return { status: response.statusCode, body: response.json(), headers: response.headers }
}

t.test('bad input', async (t) => {
  const server = await testApp(t)
  const tenant = await server.tenant()
  const { call } = server
  const headers = tenant.auth
  const sql = postgres(server.databaseUrl, { max: 4 })
  t.teardown(() => sql.end())
  const before = await rowsOf(sql)
  t.test('what is no JSON, or none that could be kept as it came', async (t) => {
    const deep = (levels: number) =>
      `{"name":"x","metadata":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`
    const bodies: Record<string, string | Buffer> = {
      'half an object': '{"name":',
      'no quotes': '{name:"x"}',
      'a trailing comma': '{"name":"x",}',
      'two values': '{"name":"x"}{"name":"y"}',
      'a comment': '{"name":"x"/* y */}',
      NaN: '{"name":"x","inviteValidHours":NaN}',
      'a byte order mark in the midst': '{"name":\ufeff"x"}',
      'no JSON at all': 'name=x',
      'a control character': '{"name":"a\nb"}',
      __proto__: '{"name":"x","__proto__":{"admin":true}}',
      'constructor.prototype': '{"name":"x","constructor":{"prototype":{"admin":true}}}',
      '__proto__ further in': '{"name":"x","metadata":{"a":{"__proto__":1}}}',
      'a field twice': '{"name":"x","name":"y"}',
      'a field twice, once escaped': '{"name":"x","n\\u0061me":"y"}',
      'a field twice further in': '{"name":"x","metadata":{"a":1,"b":":","a":2}}',
      'NUL in a text': '{"name":"a\\u0000b"}',
      'NUL in metadata': '{"name":"x","metadata":{"a":["\\u0000"]}}',
      'NUL in a name of metadata': '{"name":"x","metadata":{"a\\u0000":1}}',
      'half of a surrogate pair': '{"name":"\\ud800"}',
      'the other half': '{"name":"x","metadata":{"a":"\\udc00 "}}',
      'half of one as a name': '{"name":"x","metadata":{"\\ud83d":1}}',
      'no UTF-8': Buffer.from([...Buffer.from('{"name":"'), 0xff, 0xfe, ...Buffer.from('"}')]),
      'UTF-16': Buffer.from('{"name":"x"}', 'utf16le'),
      'a number beyond all': '{"name":"x","metadata":{"a":1e400}}',
      'a negative one': '{"name":"x","metadata":{"a":[-1e400]}}',
      'one beyond it on the other side': '{"name":"x","metadata":{"a":1e-400}}',
      'an id with more digits than a number keeps': '{"name":"x","metadata":{"a":1546130668394913822}}',
      'a fraction with more': '{"name":"x","metadata":{"a":0.12345678901234567890}}',
      '100 levels': deep(100),
      '100,000 levels': deep(100_000),
    }
    for (const [name, body] of Object.entries(bodies))
      refusedAs(t, await send(server, tenant, body), 400, name)
    t.same(await rowsOf(sql), before, 'nothing was written')
  })

  t.test('what cannot be kept as it came is refused with its path', async (t) => {
    for (const [json, path, reason] of [
      [
        '{"name":"x","metadata":{"list":[1,{"id":1546130668394913822}]}}',
        'body.metadata.list.1.id',
        'inexact_number',
      ],
      ['{"name":"x","metadata":{"tiny":1e-400}}', 'body.metadata.tiny', 'inexact_number'],
      ['{"name":"x","metadata":{"huge":-1e400}}', 'body.metadata.huge', 'inexact_number'],
      ['{"name":"x","metadata":{"a":1,"b":":","a":2}}', 'body.metadata.a', 'duplicate_field'],
      ['{"name":"x","metadata":{"a":["\\u0000"]}}', 'body.metadata.a.0', undefined],
      ['{"name":"x","metadata":{"c":{"\\ud83d":1}}}', 'body.metadata.c', undefined],
    ] as const) {
      const { status, body } = await send(server, tenant, json)
      t.match({ status, ...body.error }, { status: 400, details: [{ path }] }, json)
      t.equal(body.error.reason, reason)
    }
  })

  t.test('values of the wrong type or out of range, and fields that nobody knows', async (t) => {
    const bodies: Record<string, unknown> = {
      'no body': undefined,
      null: null,
      'a text': 'x',
      'a list': [{ name: 'x' }],
      'a number': 1,
      'no name': {},
      'name null': { name: null },
      'name a number': { name: 5 },
      'name a list': { name: ['x'] },
      'name empty': { name: '' },
      'name blank': { name: ' \u00a0\u3000' },
      'name too long': { name: 'x'.repeat(201) },
      'name of two lines': { name: 'a\nb' },
      'name with a bell': { name: 'a\u0007b' },
      'name with a C1 control': { name: 'a\u009bb' },
      'an unknown field': { name: 'x', colour: 'red' },
      'a field of the answer': { name: 'x', id: newId('cmp') },
      "another tenant's id": { name: 'x', organizationId: newId('org') },
      'status that one does not begin with': { name: 'x', status: 'archived' },
      'status of nobody': { name: 'x', status: 'ACTIVE' },
      'hours as a text': { name: 'x', inviteValidHours: '5' },
      'hours 0': { name: 'x', inviteValidHours: 0 },
      'hours 721': { name: 'x', inviteValidHours: 721 },
      'hours 1.5': { name: 'x', inviteValidHours: 1.5 },
      'hours beyond all': { name: 'x', inviteValidHours: Number.MAX_VALUE },
      'hours true': { name: 'x', inviteValidHours: true },
      'language of nobody': { name: 'x', language: 'deutsch!' },
      'description too long': { name: 'x', description: 'x'.repeat(5001) },
      'questions an object': { name: 'x', questions: {} },
      'a question of no kind': { name: 'x', questions: [{ prompt: 'x' }] },
      'a question of another kind': { name: 'x', questions: [{ prompt: 'x', kind: 'dance' }] },
      'an unknown field of a question': { name: 'x', questions: [{ prompt: 'x', kind: 'text', hint: 'y' }] },
      'a choice without options': { name: 'x', questions: [{ prompt: 'x', kind: 'choice' }] },
      'a text with options': { name: 'x', questions: [{ prompt: 'x', kind: 'text', options: ['a', 'b'] }] },
      'one option': { name: 'x', questions: [{ prompt: 'x', kind: 'choice', options: ['a'] }] },
      'two questions of one id': {
        name: 'x',
        questions: [
          { id: 'a', prompt: 'x', kind: 'text' },
          { id: 'a', prompt: 'y', kind: 'text' },
        ],
      },
      'a time limit of 0': { name: 'x', questions: [{ prompt: 'x', kind: 'text', timeLimitSeconds: 0 }] },
      '101 questions': { name: 'x', questions: Array(101).fill({ prompt: 'x', kind: 'text' }) },
      'metadata a list': { name: 'x', metadata: [] },
      '51 fields of metadata': {
        name: 'x',
        metadata: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [index, 1])),
      },
    }
    for (const [name, body] of Object.entries(bodies)) {
      const answer = await call('POST', '/api/campaigns', { headers, body })
      refusedAs(t, answer, 400, name)
      t.match(answer.body.error.details?.[0], { path: /^body/, message: /\w/ }, `${name}: where`)
    }
    t.same(await rowsOf(sql), before, 'nothing was written')
  })

  t.test('keys', async (t) => {
    const bodies: Record<string, unknown> = {
      'stage of the other environment': { name: 'x', stage: 'production' },
      'no scope': { name: 'x', scopes: [] },
      'a scope twice': { name: 'x', scopes: ['keys:read', 'keys:read'] },
      'a scope of nobody': { name: 'x', scopes: ['everything'] },
      'an end in the past': { name: 'x', expiresAt: '2020-01-01T00:00:00Z' },
      'a day': { name: 'x', expiresAt: '2099-01-01' },
      'no zone': { name: 'x', expiresAt: '2099-01-01T00:00:00' },
      'a blank for the T': { name: 'x', expiresAt: '2099-01-01 00:00:00Z' },
      'the 30th of February': { name: 'x', expiresAt: '2099-02-30T00:00:00Z' },
      'a leap second': { name: 'x', expiresAt: '2098-12-31T23:59:60Z' },
      'seconds since 1970': { name: 'x', expiresAt: 4_000_000_000 },
      'limit 0': { name: 'x', rateLimitPerMinute: 0 },
      'limit as a text': { name: 'x', rateLimitPerMinute: '10' },
      'an address that is none': { name: 'x', allowedIps: ['300.1.1.1'] },
      '51 addresses': { name: 'x', allowedIps: Array.from({ length: 51 }, (_, index) => `10.0.0.${index}`) },
    }
    for (const [name, body] of Object.entries(bodies)) {
      refusedAs(t, await call('POST', '/api/keys', { headers, body }), 400, name)
    }
    t.same(await rowsOf(sql), before, 'nothing was written')
  })

  t.test('bodies that are too large, and of another type', async (t) => {
    const limit = 1024 * 1024
    const large = (bytes: number) => `{"name":"${'x'.repeat(bytes - 11)}"}`
    refusedAs(t, await send(server, tenant, large(limit + 1)), 413, 'one byte more than 1 MiB')
    refusedAs(t, await send(server, tenant, large(limit)), 400, '1 MiB is read')
    const body = '{"name":"x"}'
    const types = [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'text/json',
      'json',
      '*/*',
      '',
    ]
    for (const type of types) {
      refusedAs(t, await send(server, tenant, body, { 'content-type': type }), 415, JSON.stringify(type))
    }
    const form = 'multipart/form-data; boundary=x'
    refusedAs(t, await send(server, tenant, '--x--', { 'content-type': form }), 415, form)
    const untyped = await server.app.inject({
      method: 'POST',
      url: '/api/campaigns',
      headers,
      payload: Buffer.from(body),
    })
    t.equal(untyped.statusCode, 415, 'no type at all')
    t.same(await rowsOf(sql), before, 'nothing was written')
  })

  t.test('numbers that a double keeps come back as they came', async (t) => {
    const kept =
      '{"a":1.50,"b":1E2,"c":-0.0,"d":9007199254740993e0,"e":123456789012345680000,"f":5e-324,"g":0.1,"h":"1e400"}'
    const answer = await send(server, tenant, `{"name":"x","metadata":${kept.replace('3e0', '2')}}`)
    t.equal(answer.status, 201)
    t.same(answer.body.metadata, {
      a: 1.5,
      b: 100,
      c: 0,
      d: 9_007_199_254_740_992,
      e: 123_456_789_012_345_680_000,
      f: 5e-324,
      g: 0.1,
      h: '1e400',
    })
    const changed = await send(server, tenant, `{"name":"x","metadata":${kept}}`)
    t.match(changed.body.error.details, [{ path: 'body.metadata.d' }])
  })
})
