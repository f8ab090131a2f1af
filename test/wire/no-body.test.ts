import { connect } from 'node:net'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { makeCandidate } from '../support/candidates.ts'
import { openDesk } from '../support/interviews.ts'

const json = 'application/json'
const form = 'multipart/form-data; boundary=x'

// Many clients send the type with every request. One of Node's options took such a request for one whose body has
// ended before anybody read it: what waits for the end of the body would wait for ever.
t.test('who announces a type and sends no body, nor the length of one, is answered', async (t) => {
  const server = await testApp(t)
  const { hostname, port } = new URL(await server.listen())
  const desk = await openDesk(server)
  const { id: campaignId } = await desk.campaign()
  const candidateId = await makeCandidate(server, desk.tenant)

  /** @returns the status; waits until there is one */
  const ask = (method: string, path: string, type: string) =>
    new Promise<number>((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      const fields = { host: 'localhost', ...desk.tenant.auth, 'content-type': type }
      const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.on('error', reject).on('data', (head) => {
        socket.destroy()
        resolve(Number(head.toString('latin1').split(' ')[1]))
      })
      socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    })

  const files = `/api/candidates/${candidateId}/files`
  for (const [method, path, type, status] of [
    ['GET', '/api/campaigns', json, 200],
    ['POST', '/api/campaigns', json, 400],
    ['POST', '/api/campaigns', 'text/plain', 415],
    ['PATCH', `/api/campaigns/${campaignId}`, json, 400],
    ['POST', files, form, 400],
    ['POST', `/api/campaigns/${campaignId}/invites/bulk`, form, 400],
    ['DELETE', `/api/candidates/${candidateId}`, json, 204],
  ] as const) {
    t.equal(await ask(method, path, type), status, `${method} ${path} ${type}`)
  }
})
