import { once } from 'node:events'
import { request as send } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'

/** A server with replies of every kind, and what the log has of a path. */
async function ground(t: Test) {
  const { app, listen } = await testApp(t)
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  app.get('/streamed', (_request, reply) => reply.send(Readable.from(['one ', 'two'])))
  app.get('/hijacked', (request, reply) => {
    reply.hijack()
    app.recordHijacked(request, reply)
    reply.raw.writeHead(418).end('raw')
  })
  app.get('/unannounced', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(202).end('raw')
  })
  app.get('/hanging', (request, reply) => {
    reply.hijack()
    app.recordHijacked(request, reply)
    reply.raw.write('the beginning')
  })
  let arrive: () => void = () => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  app.get('/slow', async () => {
    arrive()
    await released
    return 'late'
  })
  app.post('/body', async () => 'read')
  const url = await listen()
  const logged = async (path: string) => {
    await app.accessLog.flush()
    const rows = await app.database<{ status: number }[]>`select status from access_logs where path = ${path}`
    return rows.map((row) => row.status)
  }
  const until = async (path: string) => {
    while ((await logged(path)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    return logged(path)
  }
  return { app, url, logged, until, arrived, release }
}

t.test('streamed and hijacked replies are recorded, once', async (t) => {
  const { url, logged, until } = await ground(t)
  t.equal(await (await fetch(`${url}/streamed`)).text(), 'one two')
  t.strictSame(await logged('/streamed'), [200])
  t.equal((await fetch(`${url}/hijacked`)).status, 418)
  t.strictSame(await logged('/hijacked'), [418], 'before its end was sent')
  t.equal((await fetch(`${url}/unannounced`)).status, 202)
  t.strictSame(await until('/unannounced'), [202], 'also when nobody announced it')
})

t.test('callers that leave are recorded as well', async (t) => {
  const { app, url, until, arrived, release } = await ground(t)
  const hanging = send(`${url}/hanging`)
  hanging.on('error', () => {}).end()
  const [response] = await once(hanging, 'response')
  response.destroy()
  t.strictSame(await until('/hanging'), [200])

  const slow = send(`${url}/slow`)
  slow.on('error', () => {}).end()
  await arrived
  slow.destroy()
  release()
  t.strictSame(await until('/slow'), [200])

  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  const begun = once(app.server, 'request')
  socket.write(
    'POST /body HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"half":',
  )
  await begun
  socket.destroy()
  t.strictSame((await until('/body')).length, 1)
})

t.test('a log that is full refuses requests, and says so to whoever asks how the process is', async (t) => {
  const { app, call } = await testApp(t)
  Object.defineProperty(app.accessLog, 'full', { get: () => true })
  const refused = await call('GET', '/api/whoami')
  t.match(refused, { status: 503, body: { error: { code: 'UNAVAILABLE' } } })
  t.ok(refused.headers['retry-after'])
  t.equal((await call('GET', '/healthz')).status, 200)
})
