import { once } from 'node:events'
import { request as ask, type ServerResponse } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { makeCandidate } from '../support/candidates.ts'
import { pdf } from '../support/files.ts'
import { remainsOf } from '../support/stored-files.ts'
import { until } from '../support/until.ts'

// More than the buffers of both ends of a socket hold.
const LARGE_BYTES = 9_000_000

const server = await testApp(t)
const base = await server.listen()
const { call } = server
const remains = remainsOf(t, server)
const tenant = await server.tenant()
const candidateId = await makeCandidate(server, tenant)

t.test('an upload ends with its key, and leaves nothing', async (t) => {
  const { body } = await call('POST', '/api/keys', { headers: tenant.auth, body: { name: 'Uploads' } })
  const before = await remains()
  const upload = ask(`${base}/api/candidates/${candidateId}/files`, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: `Bearer ${body.key}`,
      'content-type': 'multipart/form-data; boundary=cut',
      'content-length': '100000',
    },
  })
  const ended = new Promise<string>((resolve) => {
    upload.on('error', () => resolve('cut off'))
    upload.on('response', ({ statusCode }) => resolve(String(statusCode)))
  })
  upload.write(`--cut\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n${pdf()}`)
  await until(async () => (await remains()).bytes.length === before.bytes.length + 1, 'the first bytes')
  t.equal((await call('DELETE', `/api/keys/${body.id}`, { headers: tenant.auth })).status, 200)
  t.equal(await ended, '401', 'without another byte from the client')
  await until(async () => isDeepStrictEqual(await remains(), before), 'nothing to be left of it')
})

t.test('a download ends with its file', async (t) => {
  const form = new FormData()
  const content = Buffer.concat([pdf(), Buffer.alloc(LARGE_BYTES, '%')])
  form.append('file', new Blob([content]), 'large.pdf')
  const headers = tenant.auth
  const sent = await fetch(`${base}/api/candidates/${candidateId}/files`, {
    method: 'POST',
    headers,
    body: form,
  })
  t.equal(sent.status, 201)
  const file = (await sent.json()) as { id: string; url: string }
  const arrived = once(server.app.server, 'request') as Promise<[unknown, ServerResponse]>
  const download = ask(file.url, { agent: false }).end()
  const [response] = await once(download, 'response')
  t.equal(response.statusCode, 200)
  // The client reads nothing until the file is deleted.
  t.equal((await call('DELETE', `/api/files/${file.id}`, { headers })).status, 204)
  let received = 0
  const [, answer] = await arrived
  await until(() => answer.destroyed || answer.closed, 'the server to end the answer')
  const whole = await new Promise<boolean>((resolve) => {
    response.on('data', (part: Buffer) => {
      received += part.length
    })
    response.on('end', () => resolve(response.complete))
    response.on('error', () => resolve(false))
  })
  t.notOk(whole, `${received} of ${content.length} bytes`)
})
