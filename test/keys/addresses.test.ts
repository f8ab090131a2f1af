import { request as send } from 'node:http'
import t from 'tap'
import { type TestApp, testApp } from '../support/app.ts'

interface Caller {
  /** The address that the socket comes from. */
  from: string
  /** Header lines, e.g. `['x-forwarded-for', '203.0.113.7']`. */
  headers?: string[]
}

/** Asks whoami with a key over a real socket, from an address of the loopback network. */
async function ask(server: TestApp, key: string, { from, headers = [] }: Caller) {
  const url = new URL('/api/whoami', await server.listen())
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const request = send(url, {
      localAddress: from,
      headers: ['host', url.host, 'authorization', `Bearer ${key}`, ...headers],
    })
    request.on('error', reject)
    request.on('response', async (response) => {
      let body = ''
      for await (const part of response.setEncoding('utf8')) body += part
      resolve({ status: response.statusCode ?? 0, body })
    })
    request.end()
  })
}

async function keyFor(server: TestApp, allowedIps: string[]): Promise<string> {
  const { auth } = await server.tenant()
  const made = await server.call('POST', '/api/keys', { headers: auth, body: { name: 'Fenced', allowedIps } })
  return made.body.key
}

const server = await testApp(t)

const forged = [
  ['x-forwarded-for', '203.0.113.7'],
  ['X-FORWARDED-FOR', '203.0.113.7, 203.0.113.7'],
  ['x-forwarded-for', '203.0.113.7', 'x-forwarded-for', '203.0.113.7'],
  ['forwarded', 'for=203.0.113.7'],
  ['x-real-ip', '203.0.113.7'],
  ['x-client-ip', '203.0.113.7'],
  ['cf-connecting-ip', '203.0.113.7'],
  ['true-client-ip', '203.0.113.7'],
]

t.test('a key is accepted from its addresses alone', async (t) => {
  const key = await keyFor(server, ['127.0.0.2', '127.1.0.0/16'])
  for (const from of ['127.0.0.2', '127.1.2.3']) t.equal((await ask(server, key, { from })).status, 200, from)
  for (const from of ['127.0.0.1', '127.2.0.1']) {
    const refused = await ask(server, key, { from })
    t.equal(refused.status, 403, from)
    t.equal(JSON.parse(refused.body).error.code, 'FORBIDDEN')
  }
  t.equal((await ask(server, key, { from: '127.0.0.2' })).status, 200, 'a refusal elsewhere changes nothing')
})

t.test('without TRUST_PROXY no header makes an address', async (t) => {
  const key = await keyFor(server, ['203.0.113.7'])
  for (const headers of forged) {
    t.equal((await ask(server, key, { from: '127.0.0.1', headers })).status, 403, headers.join(': '))
  }
})

t.test('behind a trusted proxy the address is the last one that no trusted proxy wrote', async (t) => {
  const server = await testApp(t, { TRUST_PROXY: '127.0.0.9, 10.0.0.0/8' })
  const key = await keyFor(server, ['203.0.113.7'])
  const through = (forwarded: string, from = '127.0.0.9') =>
    ask(server, key, { from, headers: ['x-forwarded-for', forwarded] })

  t.equal((await through('203.0.113.7')).status, 200)
  t.equal(
    (await through('198.51.100.1, 203.0.113.7')).status,
    200,
    'what the client itself wrote is passed over',
  )
  t.equal((await through('203.0.113.7, 10.1.1.1, 10.2.2.2')).status, 200, 'several trusted hops')
  for (const written of ['::ffff:203.0.113.7', '203.0.113.7:50001', '[::ffff:203.0.113.7]:443']) {
    t.equal((await through(written)).status, 200, written)
    t.equal((await through(`${written}, 10.1.1.1:4711`)).status, 200, `${written}, by a proxy with a port`)
  }
  t.equal((await through('203.0.113.8:50001')).status, 403, 'another address with a port')
  t.equal((await through('203.0.113.7, 198.51.100.1')).status, 403, 'a client that forges the first hop')
  t.equal((await through('203.0.113.7, 198.51.100.1, 10.1.1.1')).status, 403, 'and comes by several hops')
  t.equal((await through('203.0.113.7', '127.0.0.1')).status, 403, 'a client that is no proxy')
  t.equal((await through('unknown')).status, 403, 'an address that is none')
  for (const headers of forged.slice(3)) {
    t.equal((await ask(server, key, { from: '127.0.0.9', headers })).status, 403, headers.join(': '))
  }
})

t.test(
  'the refusal is in the log under its reason, and does not count against the organization',
  async (t) => {
    const { auth } = await server.tenant()
    const made = await server.call('POST', '/api/keys', {
      headers: auth,
      body: { name: 'Fenced', allowedIps: ['192.0.2.1'] },
    })
    const refused = await server.call('GET', '/api/whoami', {
      headers: { authorization: `Bearer ${made.body.key}` },
    })
    t.equal(refused.status, 403)
    t.equal(refused.headers['x-ratelimit-limit'], undefined)
    await server.app.accessLog.flush()
    const { body } = await server.call('GET', `/api/logs?keyId=${made.body.id}`, { headers: auth })
    t.match(body.logs, [{ reason: 'ip_not_allowed', keyId: made.body.id, status: 403 }])
  },
)

t.test('entries are normalised on the way in, and bad ones are named', async (t) => {
  const { auth, keyId } = await server.tenant()
  const given = ['::ffff:10.1.2.3', '10.9.9.9/8', '2001:DB8:0::1/32', '10.1.2.3/32']
  const made = await server.call('POST', '/api/keys', {
    headers: auth,
    body: { name: 'F', allowedIps: given },
  })
  t.strictSame(made.body.allowedIps, ['10.1.2.3', '10.0.0.0/8', '2001:db8::/32', '10.1.2.3/32'])

  const patched = await server.call('PATCH', `/api/keys/${keyId}`, {
    headers: auth,
    body: { allowedIps: ['10.0.0.1', '10.0.0.300', 'example.com'] },
  })
  t.equal(patched.status, 400)
  t.strictSame(
    patched.body.error.details.map(({ path }: { path: string }) => path),
    ['body.allowedIps.1', 'body.allowedIps.2'],
  )
  t.match(patched.body.error.details[0].message, /10\.0\.0\.300/)
})

t.test('a change of the list holds from the answer on', async (t) => {
  const { auth, keyId, key } = await server.tenant()
  t.equal((await ask(server, key, { from: '127.0.0.1' })).status, 200)
  await server.call('PATCH', `/api/keys/${keyId}`, { headers: auth, body: { allowedIps: ['127.0.0.5'] } })
  t.equal((await ask(server, key, { from: '127.0.0.1' })).status, 403)
  t.equal((await ask(server, key, { from: '127.0.0.5' })).status, 200)
})
