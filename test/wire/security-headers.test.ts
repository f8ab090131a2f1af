import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import t from 'tap'
import { helmetHeaders } from '../../plugins/security-headers.ts'
import { testApp } from '../support/app.ts'

t.test('every kind of answer carries the security headers, each once', async (t) => {
  const server = await testApp(t)
  const { hostname, port } = new URL(await server.listen())
  const tenant = await server.tenant()
  const expected = await helmetHeaders()
  t.ok(Object.keys(expected).length > 10)

  /** The header lines as they came, and nothing more of the answer: some never end. */
  const heads = (path: string, { method = 'GET', ...headers }: Record<string, string> = {}) =>
    new Promise<{ status: number; lines: [string, string][] }>((resolve, reject) => {
      const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
        const { rawHeaders, statusCode = 0 } = response
        const lines = rawHeaders.flatMap((name, index): [string, string][] =>
          index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] as string]] : [],
        )
        sent.destroy()
        resolve({ status: statusCode, lines })
      })
      sent.on('error', reject).end()
    })

  const script = `/dashboard/assets/${readdirSync('web/dist/dashboard/assets').find((name) => /\.js$/.test(name))}`
  const { etag } = (await server.app.inject({ url: script })).headers
  const kinds: [what: string, status: number, path: string, sent?: Record<string, string>, own?: string][] = [
    ['JSON', 200, '/api/whoami', tenant.auth],
    ['JSON without a body', 200, '/healthz', { method: 'HEAD' }],
    ['a refusal', 401, '/api/whoami'],
    ['no route', 404, '/api/nothing'],
    ['a URL that the router refuses', 400, '/api/%ff'],
    ['a file that did not change', 304, script, { 'if-none-match': String(etag) }],
    ['a stream of events', 200, '/api/logs/stream', tenant.auth],
    ['a page with a policy of its own', 200, '/dashboard', {}, 'content-security-policy'],
    ['the reference', 200, '/docs', {}, 'content-security-policy'],
    ['a script that others embed', 200, '/sdk.js', {}, 'cross-origin-resource-policy'],
  ]
  for (const [what, status, path, headers = {}, own] of kinds) {
    t.test(what, async (t) => {
      const answer = await heads(path, headers)
      t.equal(answer.status, status)
      const injected = await server.app.inject({
        url: path,
        method: headers.method === 'HEAD' ? 'HEAD' : 'GET',
        headers,
        payloadAsStream: true,
      })
      for (const [name, value] of Object.entries(expected)) {
        const sent = answer.lines.filter(([line]) => line === name).map(([, text]) => text)
        t.equal(sent.length, 1, name)
        if (name !== own) t.equal(sent[0], value, name)
        // Fastify answers this one before any hook.
        if (status !== 400) t.equal(sent[0], injected.headers[name], `${name}: as for an injected request`)
      }
      injected.stream().destroy()
      t.ok(answer.lines.some(([line]) => line === 'x-request-id'))
      for (const [line] of answer.lines) {
        t.equal(answer.lines.filter(([other]) => other === line).length, 1, `${line} once`)
      }
    })
  }
})
