import { readdir } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { helmetHeaders } from '../../plugins/security-headers.ts'
import { testApp } from '../support/app.ts'
import { beginInterview } from '../support/recordings.ts'
import { parseAnswer, slowClient } from '../support/slow-client.ts'
import { eventually, until } from '../support/until.ts'

const head = (line: string, fields: Record<string, string | number>) =>
  `${[line, ...Object.entries({ host: 'localhost', ...fields }).map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`
const json = { 'content-type': 'application/json', 'content-length': 1000 }

async function setUp(t: Test) {
  const server = await testApp(t, { REQUEST_TIMEOUT: '1' })
  return { server, base: await server.listen(), tenant: await server.tenant() }
}

t.test('a request that trickles is cut with 408, wherever it trickles', async (t) => {
  const { server, base, tenant } = await setUp(t)
  const expected = await helmetHeaders()
  const beginnings: Record<string, string> = {
    'in its request line': 'GET /api/',
    'in its headers': 'GET /api/whoami HTTP/1.1\r\nhost: localhost\r\nx-slow: ',
    'in a body': head('POST /api/campaigns HTTP/1.1', { ...tenant.auth, ...json }),
    'in a chunked body': head('POST /api/campaigns HTTP/1.1', {
      ...tenant.auth,
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
    }),
    'in the body of a log-in': head('POST /api/auth/login HTTP/1.1', json),
    'in a body of JSON where files are taken': head(`PUT /api/embed/interview/answers/text HTTP/1.1`, {
      ...(await beginInterview(server, tenant.auth)).session,
      ...json,
    }),
  }
  await Promise.all(
    Object.entries(beginnings).map(async ([where, beginning]) => {
      const client = slowClient(t, base)
      client.send(beginning)
      client.trickle(where.includes('chunked') ? '1\r\n \r\n' : ' ')
      const { status, headers, body } = parseAnswer(await client.closed)
      t.equal(status, 408, where)
      t.match(JSON.parse(body), {
        error: { code: 'REQUEST_TIMEOUT', reason: 'request_timeout', requestId: headers['x-request-id'] },
      })
      t.equal(headers.connection, 'close')
      for (const [name, value] of Object.entries(expected)) t.equal(headers[name], value, `${where}: ${name}`)
    }),
  )
  await server.app.accessLog.flush()
  const { body } = await server.call('GET', '/api/logs?status=408', { headers: tenant.auth })
  t.match(body.logs, [
    { reason: 'request_timeout' },
    { reason: 'request_timeout' },
    { reason: 'request_timeout' },
  ])
})

t.test('who was answered before the body came, and never sends it, is cut as well', async (t) => {
  const { base, tenant } = await setUp(t)
  for (const [beginning, status] of [
    [head('POST /api/campaigns HTTP/1.1', json), 401],
    [head('GET /api/whoami HTTP/1.1', { ...tenant.auth, ...json }), 200],
  ] as const) {
    const client = slowClient(t, base)
    client.send(beginning)
    client.trickle()
    t.equal(parseAnswer(await client.closed).status, status)
  }
})

t.test('a connection that was cut once serves nobody again, and others go on', async (t) => {
  const { base, tenant } = await setUp(t)
  const client = slowClient(t, base)
  const whoami = head('GET /api/whoami HTTP/1.1', tenant.auth)
  client.send(whoami)
  await until(() => client.received().includes('200 OK'), 'the first answer')
  client.send(whoami.slice(0, 40))
  const text = await client.closed
  t.match(text, /^HTTP\/1.1 200/)
  t.match(text, /HTTP\/1.1 408/, 'the second request on the connection never became whole')
})

t.test('an upload may take its time, as long as something of it arrives', async (t) => {
  const { server, base, tenant } = await setUp(t)
  const { session } = await beginInterview(server, tenant.auth)
  const tus = { ...session, 'tus-resumable': '1.0.0' }
  const begun = await server.call('POST', '/api/embed/interview/uploads', {
    headers: {
      ...tus,
      'upload-length': '1000000',
      'upload-metadata': `questionId ${Buffer.from('audio').toString('base64')}`,
    },
  })
  const place = String(begun.headers.location)
  const patch = (offset: number, length: number) =>
    head(`PATCH ${place} HTTP/1.1`, {
      ...tus,
      'upload-offset': offset,
      'content-type': 'application/offset+octet-stream',
      'content-length': length,
    })
  const offset = async () =>
    Number((await server.call('HEAD', place, { headers: tus })).headers['upload-offset'])

  const steady = slowClient(t, base)
  steady.send(patch(0, 3000))
  for (let sent = 0; sent < 3000; sent += 200) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    steady.send(Buffer.alloc(200, 'a'))
  }
  await until(() => steady.received() !== '', 'the answer')
  t.match(
    steady.received(),
    /^HTTP\/1.1 204[\s\S]*upload-offset: 3000/i,
    'three times as long as REQUEST_TIMEOUT',
  )

  const stalled = slowClient(t, base)
  stalled.send(patch(3000, 100_000))
  stalled.send(Buffer.alloc(50_000, 'b'))
  stalled.trickle('b')
  const cut = parseAnswer(await stalled.closed)
  t.equal(cut.status, 408, 'a byte now and then is nothing')
  t.equal(JSON.parse(cut.body).error.reason, 'upload_stood_still')
  await eventually(t, async () => (await offset()) >= 53_000, true, 'what arrived before is kept')

  const form = slowClient(t, base)
  form.send(
    head('PUT /api/embed/interview/answers/audio HTTP/1.1', {
      ...session,
      'content-type': 'multipart/form-data; boundary=x',
      'content-length': 1_000_000,
    }),
  )
  form.send('--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF')
  form.trickle()
  const refused = parseAnswer(await form.closed)
  t.equal(refused.status, 408)
  t.equal(JSON.parse(refused.body).error.reason, 'upload_stood_still')
})

t.test(
  'an interview session has at most four uploads open, and they end with their connections',
  async (t) => {
    const server = await testApp(t)
    const base = await server.listen()
    const { auth } = await server.tenant()
    const { session } = await beginInterview(server, auth)
    const other = await beginInterview(server, auth)
    const upload = (credential: Record<string, string>) => {
      const client = slowClient(t, base)
      client.send(
        head('PUT /api/embed/interview/answers/audio HTTP/1.1', {
          ...credential,
          'content-type': 'multipart/form-data; boundary=x',
          'content-length': 1_000_000,
        }),
      )
      client.send('--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF')
      return client
    }
    const incoming = async () => (await readdir(server.app.files.incoming.folder)).length
    const open = Array.from({ length: 4 }, () => upload(session))
    await eventually(t, incoming, 4, 'four are open')
    const fifth = upload(session)
    await until(() => fifth.received() !== '', 'an answer')
    const { status, headers, body } = parseAnswer(fifth.received())
    t.equal(status, 429)
    t.equal(JSON.parse(body).error.reason, 'too_many_uploads')
    t.equal(headers['retry-after'], '1')
    upload(other.session)
    await eventually(t, incoming, 5, 'another candidate is not held up')
    for (const client of open) {
      t.equal(client.received(), '')
      client.socket.destroy()
    }
    await eventually(t, incoming, 1, 'what was broken off is gone')
    for (let count = 0; count < 4; count += 1) upload(session)
    await eventually(t, incoming, 5, 'there is room again')
  },
)
