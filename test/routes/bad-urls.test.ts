import { connect } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import postgres from 'postgres'
import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { newId } from '../../schemas/ids.ts'
import { testApp } from '../support/app.ts'
import { refusedAs, rowsOf } from '../support/refused.ts'

t.test('bad URLs', async (t) => {
  const server = await testApp(t)
  const tenant = await server.tenant()
  const { call } = server
  const headers = tenant.auth
  const sql = postgres(server.databaseUrl, { max: 4 })
  t.teardown(() => sql.end())
  const before = await rowsOf(sql)
  t.test('cursors, limits, filters and ids', async (t) => {
    const encoded = (value: string) => Buffer.from(value).toString('base64url')
    const cursors = [
      '',
      'x',
      '!!',
      '%00',
      encoded('cmp_'),
      encoded("cmp_' or true --"),
      encoded(newId('cmp').slice(0, -1)),
      encoded(`${newId('cmp')}0`),
      encoded(newId('key')),
      encoded('{"id":1}'),
      'x'.repeat(201),
      `${encoded(newId('cmp'))}&cursor=${encoded(newId('cmp'))}`,
    ]
    const queries = [
      ...cursors.map((cursor) => `cursor=${cursor}`),
      ...[
        'limit=0',
        'limit=101',
        'limit=-1',
        'limit=',
        'limit=ten',
        'limit=1.5',
        'limit=1&limit=2',
        'limit=1e99',
        'limit[]=1',
      ],
      ...[
        'status=',
        'status=Active',
        'status=active&status=draft',
        'sort=name',
        '__proto__=1',
        'constructor=1',
      ],
    ]
    for (const query of queries)
      refusedAs(t, await call('GET', `/api/campaigns?${query}`, { headers }), 400, query)
    const logs = [
      ...['from=yesterday', 'from=2026-01-01', 'from=2016-12-31T23:59:60Z', 'to=2026-02-30T00:00:00Z'],
      ...[
        'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
        'from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00%2B02:00',
      ],
      ...['status=99', 'status=600', 'status=ok', 'keyId=cmp_1', `keyId=${newId('cmp')}`],
    ]
    for (const query of logs) refusedAs(t, await call('GET', `/api/logs?${query}`, { headers }), 400, query)
    const ids = [
      'x',
      newId('key'),
      `${newId('cmp')}0`,
      newId('cmp').toUpperCase(),
      'cmp_%00',
      '..',
      "'",
      '%ff',
      '%2e%2e',
    ]
    for (const id of ids) {
      for (const method of ['GET', 'DELETE'] as const) {
        const answer = await call(method, `/api/campaigns/${id}`, { headers })
        // What URLs normalise away is another route, and none of ours.
        refusedAs(t, answer, ['..', '%2e%2e'].includes(id) ? answer.status : 400, `${method} ${id}`)
        t.ok([400, 404].includes(answer.status))
      }
    }
    refusedAs(t, await call('GET', `/api/campaigns/${'x'.repeat(300)}`, { headers }), 400, 'a long id')
    refusedAs(t, await call('GET', `/api/campaigns/${newId('cmp')}`, { headers }), 404, 'an id of nothing')
    t.same(await rowsOf(sql), before, 'nothing was written')
  })

  t.test('a credential in a URL', async (t) => {
    const coded = (value: string) => value.replaceAll('_', '%5F').replace('k', '%6b')
    const secrets = [
      tenant.key,
      tenant.accessToken,
      tenant.refreshToken,
      generateCredential('sk_live_').text,
      generateCredential('inv_').text,
      generateCredential('ist_').text,
      `whsec_${Buffer.alloc(32, 5).toString('base64url')}`,
    ]
    for (const secret of secrets) {
      const name = secret.slice(0, 6)
      for (const url of [
        `/api/whoami?key=${secret}`,
        `/api/whoami?${secret}`,
        `/api/campaigns/${secret}`,
        `/${secret}`,
        `/api/whoami?key=${coded(secret)}`,
        `/api/whoami?authorization=Bearer%20${secret}`,
        `/api/whoami?x=1&api_key=${encodeURIComponent(encodeURIComponent(coded(secret)))}`,
        `/healthz?${secret}`,
      ]) {
        const answer = await call('GET', url, { headers })
        refusedAs(t, answer, 400, `${name} in ${url.slice(0, 20)}`)
        t.notOk(JSON.stringify(answer.body).includes(secret.slice(12)), `${name}: not said again`)
      }
    }
    t.same(await rowsOf(sql), before, 'nothing was written')
  })

  t.test('URLs and requests that are none', async (t) => {
    const { port } = new URL(await server.listen())
    const raw = async (request: string) => {
      const socket = connect(Number(port), '127.0.0.1')
      // Half closed, so that an answer comes also to what never ends.
      socket.end(request)
      const answer = await readText(socket)
      const [head = '', body = ''] = answer.split('\r\n\r\n')
      return {
        status: Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]),
        body: JSON.parse(body),
        headers: { 'x-request-id': /x-request-id: (\S+)/i.exec(head)?.[1] },
      }
    }
    const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`
    const host = 'host: localhost'
    const requests: Record<string, string> = {
      'a broken escape': lines('GET /api/campaigns/%zz HTTP/1.1', host, 'connection: close'),
      'half an escape': lines('GET /api/%e HTTP/1.1', host, 'connection: close'),
      'no HTTP': lines('hello'),
      'a blank in a header': lines('GET /api/whoami HTTP/1.1', host, 'x y: z'),
      'two lengths': lines('POST /api/campaigns HTTP/1.1', host, 'content-length: 1', 'content-length: 2'),
      'a length and chunks': lines(
        'POST /api/campaigns HTTP/1.1',
        host,
        'content-length: 1',
        'transfer-encoding: chunked',
      ),
      'headers of 20 KiB': lines(
        'GET /api/whoami HTTP/1.1',
        host,
        `authorization: Bearer ${'x'.repeat(20_000)}`,
      ),
      'a control character in a header': lines('GET /api/whoami HTTP/1.1', host, 'x-api-key: a\u0001b'),
    }
    for (const [name, request] of Object.entries(requests)) refusedAs(t, await raw(request), 400, name)
    t.same(await rowsOf(sql), before, 'nothing was written')
  })
})
