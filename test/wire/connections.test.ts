import Fastify from 'fastify'
import t, { type Test } from 'tap'
import clientAddress from '../../plugins/client-address.ts'
import connections from '../../plugins/connections.ts'
import { createTestDatabase } from '../support/database.ts'
import { startServer } from '../support/server-process.ts'
import { parseAnswer, type SlowClient, slowClient } from '../support/slow-client.ts'
import { until } from '../support/until.ts'

const get = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'
const unfinished = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf'

async function setUp(t: Test, most: { ofNetwork: number; inAll: number }, proxy?: string) {
  const app = Fastify()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await app.register(clientAddress)
  await app.register(connections, { isProxy: proxy ? (address) => address === proxy : null, most })
  app.get('/', async () => 'done')
  app.get('/held', async () => {
    await held
    return 'held'
  })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => {
    release()
    return app.close()
  })
  const count = () =>
    new Promise<number>((resolve) => app.server.getConnections((_error, open) => resolve(open)))
  const open = async (text: string, from?: string) => {
    const client = slowClient(t, base, from)
    if (text) client.send(text)
    // One after the other: the oldest is the first that goes.
    await until(() => client.socket.localPort !== undefined || client.socket.destroyed, 'the connection')
    if (text === get) await until(() => client.received() !== '' || client.socket.destroyed, 'the answer')
    return client
  }
  return { open, release, count }
}

const isOpen = (client: SlowClient) => !client.socket.destroyed

t.test('of one client the oldest connection that waits goes, for a new one', async (t) => {
  const { open, count } = await setUp(t, { ofNetwork: 3, inAll: 100 })
  const silent = await open('')
  const half = await open(unfinished)
  const idle = await open(get)
  t.equal(await count(), 3)
  const elsewhere = await open('', '127.0.0.2')
  t.same([silent, half, idle, elsewhere].map(isOpen), [true, true, true, true])

  for (const oldest of [silent, half, idle]) {
    const next = await open(get)
    await oldest.closed
    t.match(next.received(), /200 OK/, 'a new connection is served')
  }
  t.ok(isOpen(elsewhere), 'another client loses nothing')
})

t.test('what is being answered is not given up: then the new connection is', async (t) => {
  const { open, release } = await setUp(t, { ofNetwork: 2, inAll: 100 })
  const busy = [await open(get.replace('/', '/held')), await open(get.replace('/', '/held'))]
  const refused = await open(get)
  t.equal(await refused.closed, '')
  release()
  for (const client of busy) {
    await until(() => client.received() !== '', 'the answer')
    t.equal(parseAnswer(client.received()).status, 200)
  }
  t.match((await open(get)).received(), /200 OK/)
})

t.test('a proxy of the operator brings many clients, up to what all may have', async (t) => {
  const { open, count } = await setUp(t, { ofNetwork: 1, inAll: 4 }, '127.0.0.1')
  const clients = [await open(''), await open(unfinished), await open(get), await open(get)]
  t.equal(await count(), 4)
  t.ok(clients.every(isOpen))
  const other = await open(get, '127.0.0.2')
  await clients[0]?.closed
  t.match(other.received(), /200 OK/)
  await open('')
  await clients[1]?.closed
  t.ok(isOpen(other), 'the one that has the most gives one up')
})

t.test('thousands of connections that trickle leave descriptors for everybody else', async (t) => {
  const database = await createTestDatabase()
  t.teardown(() => database.drop())
  const server = await startServer(
    t,
    { DATABASE_URL: database.logins.owner, LOG_LEVEL: 'warn' },
    { descriptors: 400 },
  )
  const beginning =
    'POST /api/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'
  const attackers: SlowClient[] = []
  for (let count = 0; count < 1500; count += 1) {
    const client = slowClient(t, server.url, `127.0.0.${2 + (count % 20)}`)
    client.send(beginning)
    attackers.push(client)
    if (count % 100 === 99) {
      for (const path of ['/healthz', '/readyz']) t.equal((await fetch(server.url + path)).status, 200, path)
    }
  }
  await until(() => attackers.filter(isOpen).length < 400, 'the oldest to be closed')
  t.match(server.output(), /too many open connections/)
  t.notMatch(server.output(), /EMFILE|"level":50/)
})
