import { once } from 'node:events'
import { request as send } from 'node:http'
import { createEventSource } from 'eventsource-client'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { LogFeed } from '../../operations/access-log/feed.ts'
import { STREAMS_PER_ORGANIZATION } from '../../plugins/event-streams.ts'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

interface Streamed {
  readonly requestId: string
  readonly path: string
  readonly status: number
  readonly reason: string | null
}

function follow(t: Test, url: string, headers: Record<string, string>) {
  const got: Streamed[] = []
  const state = { opened: 0, ended: 0 }
  const source = createEventSource({
    url,
    headers,
    onMessage: ({ data }) => got.push(JSON.parse(data)),
    onConnect: () => {
      state.opened += 1
    },
    onDisconnect: () => {
      state.ended += 1
      source.close()
    },
  })
  t.teardown(() => source.close())
  return { got, state, source }
}

t.test('requests are streamed as they are written, each organization its own, filtered', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const [own, other] = [await server.tenant(), await server.tenant()]
  const ask = (key: string, path: string) =>
    server.call('GET', path, { headers: { authorization: `Bearer ${key}` } })
  await ask(own.key, '/api/whoami')
  await server.app.accessLog.flush()

  const all = follow(t, `${base}/api/logs/stream`, own.auth)
  const some = follow(t, `${base}/api/logs/stream?status=404&keyId=${own.keyId}`, own.auth)
  await until(() => all.state.opened === 1 && some.state.opened === 1, 'both connections')
  await ask(other.key, '/api/whoami')
  const found = await ask(own.key, '/api/keys')
  const missed = await ask(own.key, '/api/campaigns/cmp_00000000000000000000000000')
  await until(() => all.got.length >= 2 && some.got.length >= 1, 'the records')
  t.same(
    all.got.map(({ requestId }) => requestId).sort(),
    [found, missed].map(({ headers }) => headers['x-request-id']).sort(),
    'what was there before is not told, nor what belongs to others',
  )
  t.match(some.got, [{ status: 404, requestId: missed.headers['x-request-id'] }])
  const listed = await server.call('GET', '/api/logs?status=404', { headers: own.auth })
  t.same(some.got[0], listed.body.logs[0], 'as the list has it')
})

t.test('the stream ends with the credential that opened it', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const owner = await server.tenant()
  const { body: made } = await server.call('POST', '/api/keys', {
    headers: owner.auth,
    body: { name: 'Watcher', scopes: ['logs:read'] },
  })
  const { state } = follow(t, `${base}/api/logs/stream`, { authorization: `Bearer ${made.key}` })
  await until(() => state.opened === 1, 'the connection')
  await server.call('DELETE', `/api/keys/${made.id}`, { headers: owner.auth })
  await until(() => state.ended === 1, 'its end')
})

t.test('who left before the stream began leaves none behind, and is in the log', async (t) => {
  const { app, listen, tenant, databaseUrl } = await testApp(t)
  const url = `${await listen()}/api/logs/stream`
  const { auth } = await tenant()
  const owner = postgres(databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => owner.end())
  const left: Promise<unknown>[] = []
  app.server.on('request', (_request, response) => left.push(once(response, 'close')))
  await owner.begin(async (tx) => {
    // No stream begins as long as the log can't be read.
    await tx`lock table access_logs in access exclusive mode`
    const callers = Array.from({ length: STREAMS_PER_ORGANIZATION }, () => send(url, { headers: auth }))
    for (const caller of callers) caller.on('error', () => {}).end()
    await until(() => left.length === callers.length, 'the requests')
    for (const caller of callers) caller.destroy()
    await Promise.all(left)
  })
  await until(async () => {
    await app.accessLog.flush()
    const [row] = await owner`select count(*)::int as count from access_logs where path = '/api/logs/stream'`
    return row?.count === STREAMS_PER_ORGANIZATION
  }, 'the log to have them')
  const { state } = follow(t, url, auth)
  await until(() => state.opened === 1, 'a place for one more')
})

t.test('who may not read the log may not follow it', async (t) => {
  const server = await testApp(t)
  const owner = await server.tenant()
  const { body } = await server.call('POST', '/api/keys', {
    headers: owner.auth,
    body: { name: 'Campaigns', scopes: ['campaigns:read'] },
  })
  const headers = { authorization: `Bearer ${body.key}` }
  t.equal((await server.call('GET', '/api/logs/stream', { headers })).status, 403)
  t.equal((await server.call('GET', '/api/logs/stream')).status, 401)
  t.equal(
    (await server.call('GET', '/api/logs/stream?path=x&colour=red', { headers: owner.auth })).status,
    400,
  )
})

t.test(
  'nobody is told what was there before they joined, and who joined before misses nothing',
  async (t) => {
    const { app, call, tenant } = await testApp(t)
    const { organizationId, auth } = await tenant()
    const ask = async () => {
      const { headers } = await call('GET', '/api/whoami', { headers: auth })
      await app.accessLog.flush()
      return headers['x-request-id']
    }
    await ask()
    const feed = new LogFeed(app.database, (error) => t.fail(String(error)))
    const first = await Promise.all([feed.join(organizationId), feed.join(organizationId)])
    const before = await ask()
    const late = await feed.join(organizationId)
    const after = await ask()
    const gone = new AbortController()
    for (const [follower, expected] of [
      [first[0], [before, after]],
      [first[1], [before, after]],
      [late, [after]],
    ] as const) {
      const records = follower.records(gone.signal)
      const told: unknown[] = []
      while (told.length < expected.length) told.push((await records.next()).value?.id)
      t.same(told, expected)
      follower.leave()
    }
  },
)

t.test('many followers cost one query a look, and nobody none', async (t) => {
  const server = await testApp(t)
  const { organizationId } = await server.tenant()
  let queries = 0
  const counted = new Proxy(server.app.database, {
    apply(target, self, args) {
      queries += 1
      return Reflect.apply(target, self, args)
    },
  })
  const feed = new LogFeed(counted, (error) => t.fail(String(error)))
  const followers = await Promise.all(Array.from({ length: 50 }, () => feed.join(organizationId)))
  t.ok(queries <= 1, 'one look for fifty')
  for (const { leave } of followers) leave()
  const before = queries
  await new Promise((resolve) => setTimeout(resolve, 1500))
  t.equal(queries, before, 'nobody follows, nobody looks')
})
