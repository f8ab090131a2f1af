import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { operationsOf } from '../support/operations.ts'
import { makeOwner } from '../support/owner.ts'
import { beginInterview } from '../support/recordings.ts'

const json = 'application/json'
const form = 'multipart/form-data; boundary=x'
const part = 'application/offset+octet-stream'

async function setUp(t: Test) {
  const server = await testApp(t)
  const { hostname, port } = new URL(await server.listen())
  /** Sends a request without a body and the length of one. @returns the answer's head; waits until there is one */
  const ask = (method: string, path: string, fields: Record<string, string>, type: string | undefined) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      const lines = Object.entries({
        host: 'localhost',
        ...fields,
        ...(type ? { 'content-type': type } : {}),
      })
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')
      socket.on('error', reject).on('data', (head) => {
        socket.destroy()
        resolve(head.toString('latin1'))
      })
      socket.write(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`)
    })
  return { server, ask }
}

const statusOf = (head: string) => Number(head.split(' ')[1])

// Many clients send the type with every request. One of Node's options took such a request for one whose body has
// ended before anybody read it: what waits for the end of the body would wait for ever.
t.test('who sends no body, nor the length of one, is answered', async (t) => {
  const { server, ask } = await setUp(t)
  const { auth } = await server.tenant()
  const { session, campaignId, candidateId } = await beginInterview(server, auth)

  const uploads = '/api/embed/interview/uploads'
  const tus = { ...session, 'tus-resumable': '1.0.0', 'upload-offset': '0' }
  const questionId = Buffer.from('audio').toString('base64')
  const begun = { ...tus, 'upload-length': '10', 'upload-metadata': `questionId ${questionId}` }
  const head = await ask('POST', uploads, begun, undefined)
  t.match(head, /^content-length: 0\r$/im, 'made, and nothing more to say')
  const upload = /^location: (\S+)/im.exec(head)?.[1] ?? head

  for (const [method, path, credential, type, status] of [
    ['GET', '/api/campaigns', auth, json, 200],
    ['POST', '/api/campaigns', auth, json, 400],
    ['POST', '/api/campaigns', auth, 'text/plain', 415],
    ['POST', '/api/campaigns', auth, undefined, 400],
    ['PATCH', `/api/campaigns/${campaignId}`, auth, json, 400],
    ['POST', `/api/candidates/${candidateId}/files`, auth, form, 400],
    ['POST', `/api/candidates/${candidateId}/files`, auth, undefined, 400],
    ['POST', `/api/campaigns/${campaignId}/invites/bulk`, auth, form, 400],
    ['POST', `/api/campaigns/${campaignId}/invites/bulk`, auth, undefined, 400],
    ['PUT', '/api/embed/interview/answers/audio', session, form, 400],
    ['PUT', '/api/embed/interview/answers/text', session, json, 400],
    ['PUT', '/api/embed/interview/answers/text', session, undefined, 400],
    ['HEAD', upload, tus, part, 200],
    ['PATCH', upload, tus, part, 204],
    ['PATCH', upload, tus, undefined, 400],
    ['DELETE', upload, tus, part, 204],
    ['POST', uploads, begun, part, 201],
    ['DELETE', `/api/candidates/${candidateId}`, auth, json, 204],
  ] as const) {
    t.equal(statusOf(await ask(method, path, credential, type)), status, `${method} ${path} ${type}`)
  }
})

t.test('on every route, whatever type is announced', async (t) => {
  const { server, ask } = await setUp(t)
  const reader = await makeOwner(server)
  const seen = new Map<number, number>()
  for (const operation of operationsOf(server.app).filter(({ streams }) => !streams)) {
    const reads = operation.method === 'GET'
    const owner = reads ? reader : await makeOwner(server)
    const credential = owner.credentialFor(operation)
    for (const method of reads ? ['GET', 'HEAD'] : [operation.method]) {
      for (const type of [undefined, json, form, part]) {
        const status = statusOf(await ask(method, operation.url(owner.ids), credential, type))
        seen.set(status, (seen.get(status) ?? 0) + 1)
        if (!(status < 500)) t.fail(`${method} ${operation.name}, ${type}: ${status}`)
      }
    }
  }
  const asked = [...seen.values()].reduce((sum, count) => sum + count, 0)
  t.ok(
    (seen.get(200) ?? 0) > asked / 4,
    `what needs no body is answered with 200: ${JSON.stringify([...seen])}`,
  )
})
