import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { pdf } from '../support/files.ts'
import { type SlowClient, slowClient } from '../support/slow-client.ts'
import { until } from '../support/until.ts'

// What every network does each day is no error: clients leave, probes come early. An operator who looks for errors
// must find faults only. Each case ends a real connection by a reset.

const boundary = 'a-boundary'
const partHead = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n`
const LARGE = 9 * 1024 * 1024

/** A server whose lines at level warn and above are kept, with a candidate who has a large document. */
async function setUp(t: Test) {
  const server = await testApp(t)
  const { app, call } = server
  const base = await server.listen()
  const { auth } = await server.tenant()
  const lines: unknown[] = []
  const keep = (...line: unknown[]) => void lines.push(line)
  Object.assign(app.log, { warn: keep, error: keep, fatal: keep })
  const sockets: Socket[] = []
  app.server.on('connection', (socket: Socket) => void sockets.push(socket))
  const candidate = await call('POST', '/api/candidates', {
    headers: auth,
    body: { email: 'cara@wire.example', name: 'Cara' },
  })
  const path = `/api/candidates/${candidate.body.id}/files`

  /** Opens a connection, and resolves with it and with the server's end of it. */
  const open = async () => {
    // The upload of a file has a connection of its own, which stays open for a while.
    sockets.length = 0
    const client = slowClient(t, base)
    await until(() => sockets.length > 0, 'the connection')
    return { client, socket: sockets.pop() as Socket }
  }
  /** Resets a connection, and waits until the server has noticed. */
  const reset = async ({ client, socket }: { client: SlowClient; socket: Socket }) => {
    const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
    const isOpen = !socket.destroyed
    client.socket.resetAndDestroy()
    if (isOpen) await closed
  }
  /** Waits for the record of a request to a path, of one status where that is told. */
  const recorded = (of: string, status?: number) =>
    until(async () => {
      await app.accessLog.flush()
      const query = `path=${encodeURIComponent(of)}${status ? `&status=${status}` : ''}`
      return (await call('GET', `/api/logs?${query}`, { headers: auth })).body.logs.length > 0
    }, `a record of ${of}`)
  const head = (line: string, fields: Record<string, string | number> = {}) =>
    `${[`${line} HTTP/1.1`, ...Object.entries({ host: 'localhost', ...auth, ...fields }).map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`
  return { ...server, base, auth, lines, path, open, reset, recorded, head }
}

/** Stores a large document. @returns the path of its content, with the signature */
async function largeFile({ base, auth, path }: Awaited<ReturnType<typeof setUp>>): Promise<URL> {
  const form = new FormData()
  form.append('file', new Blob([pdf(), Buffer.alloc(LARGE, '%')]), 'a.pdf')
  const response = await fetch(`${base}${path}`, { method: 'POST', headers: auth, body: form })
  const { url } = (await response.json()) as { url: string }
  return new URL(url, base)
}

t.test('a probe during start', async (t) => {
  const { app, call, lines } = await setUp(t)
  app.starting.underWay = true
  const answer = await call('GET', '/readyz')
  t.equal(answer.status, 503)
  t.ok(answer.headers['retry-after'])
  t.equal(answer.body.error.reason, undefined, 'callers see what they saw before')
  app.starting.underWay = false
  t.equal((await call('GET', '/readyz')).status, 200)
  t.same(lines, [])
})

t.test('an aborted download', async (t) => {
  const server = await setUp(t)
  const { pathname, search } = await largeFile(server)
  const connection = await server.open()
  connection.client.send(server.head(`GET ${pathname}${search}`))
  await until(() => connection.client.received().includes('200 OK'), 'the first bytes')
  await server.reset(connection)
  await server.recorded(pathname, 200)
  t.same(server.lines, [])
})

t.test('a download that is aborted before its first byte', async (t) => {
  const server = await setUp(t)
  const { pathname, search } = await largeFile(server)
  const { storage } = server.app.files
  const asked = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  const read = storage.read.bind(storage)
  storage.read = async (...which) => {
    asked.resolve()
    await left.promise
    return read(...which)
  }
  const connection = await server.open()
  connection.client.send(server.head(`GET ${pathname}${search}`))
  await asked.promise
  await server.reset(connection)
  left.resolve()
  await server.recorded(pathname)
  t.same(server.lines, [])
})

t.test('an early disconnect', async (t) => {
  const server = await setUp(t)
  for (const beginning of ['', 'GET /api/who', 'GET /api/whoami HTTP/1.1\r\nhost: local', '\x16\x03\x01']) {
    const connection = await server.open()
    if (beginning) connection.client.send(beginning)
    await server.reset(connection)
  }
  const connection = await server.open()
  connection.client.send(server.head('GET /api/whoami'))
  await server.reset(connection)
  t.equal((await server.call('GET', '/healthz')).status, 200)
  t.same(server.lines, [])
})

t.test('an aborted upload', async (t) => {
  const server = await setUp(t)
  const connection = await server.open()
  const fields = { 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': LARGE }
  connection.client.send(server.head(`POST ${server.path}`, fields))
  connection.client.send(Buffer.concat([Buffer.from(partHead), pdf(), Buffer.alloc(200_000, '%')]))
  await until(() => connection.socket.bytesRead > 200_000, 'a part of the file')
  await server.reset(connection)
  await server.recorded(server.path)
  t.same(server.lines, [])
})

t.test('half a request, then a reset', async (t) => {
  const server = await setUp(t)
  for (const framing of [{ 'content-length': 1000 }, { 'transfer-encoding': 'chunked' }]) {
    const connection = await server.open()
    const fields = { 'content-type': 'application/json', ...framing }
    connection.client.send(server.head('POST /api/campaigns', fields))
    connection.client.send('content-length' in framing ? '{"name":' : '8\r\n{"name":\r\n')
    await until(() => connection.socket.bytesRead > 0, 'the headers')
    await server.reset(connection)
    await server.recorded('/api/campaigns', 400)
  }
  t.same(server.lines, [])
})
