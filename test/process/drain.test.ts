import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type TestApp, testApp } from '../support/app.ts'
import { freePort, hasCaddy, startCaddy } from '../support/caddy.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

t.setTimeout(300_000)

const UPLOAD_MS = 3000

function start(t: Test, desk: TestApp, variables: Record<string, string> = {}): Promise<ServerProcess> {
  return startServer(t, {
    DATABASE_URL: desk.logins.owner,
    DATA_DIR: t.testdir(),
    LOG_LEVEL: 'error',
    ...variables,
  })
}

/** One request by an agent, which keeps its connection where the server lets it. */
function ask(agent: Agent, url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { agent, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response))
    })
      .once('error', reject)
      .end()
  })
}

t.test('an upload that is under way at SIGTERM is stored, and then the server ends', async (t) => {
  const desk = await testApp(t)
  const tenant = await desk.tenant()
  const { body: candidate } = await desk.call('POST', '/api/candidates', {
    headers: tenant.auth,
    body: { email: 'one@sample.example', name: 'One' },
  })
  const server = await start(t, desk)
  const path = `/api/candidates/${candidate.id}/files`
  const answer = new Promise<{ status: number | undefined; connection: string | undefined }>(
    (resolve, reject) => {
      const upload = httpRequest(
        server.url + path,
        { method: 'POST', headers: { ...tenant.auth, 'content-type': 'multipart/form-data; boundary=part' } },
        (response) => {
          response.resume()
          response.once('end', () =>
            resolve({ status: response.statusCode, connection: response.headers.connection }),
          )
        },
      )
      upload.once('error', reject)
      upload.write('--part\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n')
      upload.write('content-type: application/pdf\r\n\r\n%PDF-1.7\n', () => {
        void delay(500).then(async () => {
          server.process.kill('SIGTERM')
          await delay(UPLOAD_MS)
          upload.end('The second half\n\r\n--part--\r\n')
        })
      })
    },
  )
  t.match(await answer, { status: 201 })
  t.equal(await server.ended, 0)
  const { body } = await desk.call('GET', path, { headers: tenant.auth })
  t.equal(body.files.length, 1)
})

t.test(
  'at SIGTERM readiness fails first, while requests are served and connections are closed',
  async (t) => {
    const desk = await testApp(t)
    const { auth } = await desk.tenant()
    const server = await start(t, desk, { SHUTDOWN_DELAY: '3' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.teardown(() => agent.destroy())
    const before = await ask(agent, `${server.url}/api/whoami`, auth)
    t.equal(before.headers.connection, 'keep-alive')
    server.process.kill('SIGTERM')
    await until(async () => (await fetch(`${server.url}/readyz`)).status === 503, 'readiness to fail')
    const during = await ask(agent, `${server.url}/api/whoami`, auth)
    t.equal(during.statusCode, 200, 'the server serves what still comes')
    t.equal(during.headers.connection, 'close')
    t.equal((await fetch(`${server.url}/healthz`)).status, 200)
    t.equal(await server.ended, 0)
  },
)

t.test(
  'a rolling restart of two servers behind Caddy breaks no request that reached one of them',
  hasCaddy() ? {} : { skip: 'Caddy is not installed' },
  async (t) => {
    const desk = await testApp(t)
    const { auth } = await desk.tenant()
    const ports = [await freePort(), await freePort()]
    const variables = (index: number) => ({
      PORT: String(ports[index]),
      SHUTDOWN_DELAY: '2',
      DATA_DIR: t.testdir({ one: {}, two: {} }),
    })
    const servers = [await start(t, desk, variables(0)), await start(t, desk, variables(1))]
    const caddy = await startCaddy(t, ports)
    let ended = false
    const failures: string[] = []
    const created: string[] = []
    let answers = 0
    const client = async (number: number) => {
      for (let turn = 0; !ended; turn += 1) {
        const writes = (turn + number) % 4 === 0
        const response = await fetch(`${caddy}/api/${writes ? 'campaigns' : 'whoami'}`, {
          method: writes ? 'POST' : 'GET',
          headers: { ...auth, ...(writes ? { 'content-type': 'application/json' } : {}) },
          ...(writes ? { body: JSON.stringify({ name: `${number} ${turn}` }) } : {}),
        }).catch((error: unknown) => error as Error)
        answers += 1
        if (response instanceof Error) failures.push(String(response.cause ?? response))
        else if (!response.ok) failures.push(`${response.status} ${await response.text()}`)
        else {
          const body = (await response.json()) as { id: string }
          if (writes) created.push(body.id)
        }
      }
    }
    const clients = Array.from({ length: 8 }, (_, number) => client(number))
    for (let round = 0; round < 4; round += 1) {
      const index = round % 2
      // So many that Caddy has asked the server before several times meanwhile, and uses it again.
      const reached = answers + 1000
      await until(() => answers > reached, 'the load to go on')
      await servers[index]?.end('SIGTERM')
      servers[index] = await start(t, desk, variables(index))
    }
    ended = true
    await Promise.all(clients)
    // Caddy 2.6 refuses a request with a body by itself while it takes no server for ready: nothing was sent then.
    const broken = failures.filter((failure) => failure !== '503 ')
    t.same(broken, [], `of ${answers} requests; Caddy itself refused ${failures.length - broken.length}`)
    const rows = await desk.app.database<{ id: string }[]>`select id from campaigns`
    t.same(rows.map(({ id }) => id).sort(), created.sort(), 'each write is there once')
  },
)
