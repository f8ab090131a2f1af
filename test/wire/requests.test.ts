import { gzipSync } from 'node:zlib'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { operationsOf } from '../support/operations.ts'

/** Which paths an operation takes, by its name: `GET /api/keys/{id}`. */
const patternOf = (name: string) =>
  new RegExp(`^${name.replace(/^\S+ /, '').replace(/\{[^}]+\}/g, '[^/]+')}$`)

t.test('every documented path under another method is 405 and names the methods that it takes', async (t) => {
  const server = await testApp(t)
  await server.app.ready()
  const operations = operationsOf(server.app)
  for (const operation of operations) {
    const [path = ''] = operation.url().split('?')
    // Which operations take the path: `/api/keys/leaks` is an id to `DELETE /api/keys/{id}`.
    const takers = operations.filter(({ name }) => patternOf(name).test(path)).map(({ method }) => method)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      if (takers.includes(method)) continue
      const { status, headers, body } = await server.call(method, path)
      // The dashboard's page takes every path below its own.
      if (status === 200 && path.startsWith('/dashboard')) continue
      if (status !== 405) t.fail(`${method} ${path}: ${status}`)
      t.match(body.error, { code: 'METHOD_NOT_ALLOWED' })
      const allowed = String(headers.allow).split(', ')
      t.same(
        takers.filter((name) => !allowed.includes(name)),
        [],
        `${path}: ${allowed}`,
      )
      t.notOk(allowed.includes(method))
    }
  }
})

t.test('a compressed body is refused with 415 that names the encoding', async (t) => {
  const server = await testApp(t)
  const { auth } = await server.tenant()
  const send = async (encoding: string, headers: Record<string, string> = auth) => {
    const answer = await server.app.inject({
      method: 'POST',
      url: '/api/campaigns',
      headers: { ...headers, 'content-type': 'application/json', 'content-encoding': encoding },
      payload: encoding === 'gzip' ? gzipSync('{"name":"Zipped"}') : '{"name":"Plain"}',
    })
    return { status: answer.statusCode, headers: answer.headers, error: answer.json().error }
  }
  for (const encoding of ['gzip', 'br', 'GZIP', 'gzip, identity', 'x'.repeat(500)]) {
    const { status, headers, error } = await send(encoding)
    t.equal(status, 415, encoding)
    t.equal(headers['accept-encoding'], 'identity')
    t.equal(error.reason, 'content_encoding')
    t.ok(error.message.includes(encoding.slice(0, 40)), error.message)
  }
  t.equal((await send('identity')).status, 201)
  t.equal((await send('')).status, 201)
  t.equal((await send('gzip', {})).status, 401, 'who is nobody is told that first')
})

t.test('the root leads browsers to the docs and programs to an index', async (t) => {
  const server = await testApp(t, { PUBLIC_URL: 'https://api.example.com/' })
  const page = await server.call('GET', '/', { headers: { accept: 'text/html,*/*;q=0.8' } })
  t.equal(page.status, 302)
  t.equal(page.headers.location, 'https://api.example.com/docs')
  for (const accept of ['*/*', 'application/json', '']) {
    const index = await server.call('GET', '/', { headers: accept ? { accept } : {} })
    t.equal(index.status, 200, accept)
    t.equal(index.headers.vary, 'accept')
    t.match(index.body, {
      name: 'Anteroom',
      environment: 'sandbox',
      links: { docs: 'https://api.example.com/docs', openapi: 'https://api.example.com/openapi.json' },
    })
    for (const link of Object.values<string>(index.body.links)) {
      const { pathname } = new URL(link)
      if (pathname !== '/api') t.not((await server.call('GET', pathname)).status, 404, link)
    }
  }
})

t.test('a time zone whose + was lost in the query is explained', async (t) => {
  const server = await testApp(t)
  const { auth } = await server.tenant()
  const list = (query: string) => server.call('GET', `/api/logs?${query}`, { headers: auth })
  const lost = await list('from=2026-01-31T09:30:00+02:00')
  t.equal(lost.status, 400)
  t.match(lost.body.error.details, [{ path: 'querystring.from', message: /write \+ as %2B/ }])
  t.equal((await list('from=2026-01-31T09:30:00%2B02:00')).status, 200)
  t.equal((await list('from=2026-01-31T09:30:00-02:00')).status, 200)
  t.notMatch((await list('from=yesterday')).body.error.message, /%2B/)
})
