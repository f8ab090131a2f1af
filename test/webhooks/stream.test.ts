import { createEventSource, type EventSourceMessage } from 'eventsource-client'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { listEvents } from '../../db/queries/events.ts'
import { STREAMS_PER_ORGANIZATION } from '../../plugins/event-streams.ts'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

/** A client that comes back by itself, and what it has got. */
function follow(t: Test, url: string, headers: Record<string, string>, initialLastEventId?: string) {
  const got: EventSourceMessage[] = []
  let disconnected = 0
  let opened = 0
  const source = createEventSource({
    url,
    headers,
    ...(initialLastEventId ? { initialLastEventId } : {}),
    onMessage: (message) => got.push(message),
    onConnect: () => {
      opened += 1
    },
    onDisconnect: () => {
      disconnected += 1
    },
  })
  t.teardown(() => source.close())
  return { got, source, disconnected: () => disconnected, opened: () => opened }
}

t.test('events are streamed as they happen, and a client that was away gets what it missed', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const { auth } = await server.tenant()
  const other = await server.tenant()
  const url = `${base}/api/events/stream`
  const create = (headers: Record<string, string>, name: string) =>
    server.call('POST', '/api/campaigns', { headers, body: { name } })

  const first = follow(t, url, auth)
  await until(() => first.opened() === 1, 'the connection')
  await create(other.auth, 'Theirs')
  await create(auth, 'One')
  await until(() => first.got.length === 1, 'an event')
  const [one] = first.got
  t.match(one, { event: 'campaign.created', id: /^evt_/ })
  t.match(JSON.parse(one?.data ?? ''), { id: one?.id, type: 'campaign.created', data: { name: 'One' } })
  first.source.close()

  await create(auth, 'Two')
  await create(auth, 'Three')
  const again = follow(t, `${url}?type=campaign.created`, auth, one?.id)
  await until(() => again.got.length === 2, 'what was missed')
  t.same(
    again.got.map(({ data }) => JSON.parse(data).data.name),
    ['Two', 'Three'],
  )
  await create(auth, 'Four')
  await until(() => again.got.length === 3, 'what came after')
  again.source.close()

  const strange = await server.call('GET', '/api/events/stream', {
    headers: { ...other.auth, 'last-event-id': String(one?.id) },
  })
  t.equal(strange.status, 400, "another organization's event is none")
  const { status } = await server.call('GET', '/api/events/stream?lastEventId=nonsense', { headers: auth })
  t.equal(status, 400)
})

t.test('from now on is from now on, also while an older transaction runs', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const { auth, organizationId } = await server.tenant()
  const elsewhere = postgres(server.databaseUrl, { max: 1 })
  t.teardown(() => elsewhere.end())
  await elsewhere`begin`
  await elsewhere`select pg_current_xact_id()`
  await server.call('POST', '/api/campaigns', { headers: auth, body: { name: 'before' } })
  const { got, opened } = follow(t, `${base}/api/events/stream`, auth)
  await until(() => opened() === 1, 'the connection')
  await server.call('POST', '/api/campaigns', { headers: auth, body: { name: 'after' } })
  await elsewhere`commit`
  await until(() => got.length > 0, 'an event')
  const [last] = await server.app.tenancy.read(organizationId, (tx) =>
    listEvents(tx, organizationId, { limit: 1, after: null }, null),
  )
  await until(() => got.at(-1)?.id === last?.id, 'the newest')
  t.same(
    got.map(({ data }) => JSON.parse(data).data.name),
    ['after'],
  )
})

t.test('an event whose transaction took long is not passed over', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const { auth, organizationId } = await server.tenant()
  const { got, opened } = follow(t, `${base}/api/events/stream`, auth)
  await until(() => opened() === 1, 'the connection')
  const { emit } = await import('../../operations/events/emit.ts')
  let commit: () => void = () => {}
  let written: () => void = () => {}
  const isWritten = new Promise<void>((resolve) => {
    written = resolve
  })
  const slow = server.app.tenancy.write(organizationId, async (tx) => {
    await emit(tx, organizationId, 'invite.created', { which: 'slow' })
    written()
    await new Promise<void>((resolve) => {
      commit = resolve
    })
  })
  await isWritten
  await server.call('POST', '/api/campaigns', { headers: auth, body: { name: 'quick' } })
  commit()
  await slow
  await until(() => got.length === 2, 'both')
  t.same(got.map(({ event }) => event).sort(), ['campaign.created', 'invite.created'])
})

t.test('a stream ends with its credential, and is in the log', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const tenant = await server.tenant()
  const spare = await server.call('POST', '/api/keys', {
    headers: tenant.auth,
    body: { name: 'Spare', scopes: ['webhooks:read'] },
  })
  const reduced = await server.call('POST', '/api/keys', { headers: tenant.auth, body: { name: 'Reduced' } })
  const open = async (headers: Record<string, string>) => {
    const response = await fetch(`${base}/api/events/stream`, { headers })
    t.equal(response.status, 200)
    t.match(response.headers.get('content-type'), 'text/event-stream')
    t.equal(response.headers.get('x-content-type-options'), 'nosniff')
    return response
  }
  const byKey = await open({ authorization: `Bearer ${spare.body.key}` })
  const byReduced = await open({ authorization: `Bearer ${reduced.body.key}` })
  const byUser = await open({ authorization: `Bearer ${tenant.accessToken}` })
  const byBoth = await open(tenant.both)
  await server.call('DELETE', `/api/keys/${spare.body.id}`, { headers: tenant.auth })
  await byKey.text()
  await server.call('PATCH', `/api/keys/${reduced.body.id}`, {
    headers: tenant.auth,
    body: { scopes: ['keys:read'] },
  })
  await byReduced.text()
  await server.call('POST', '/api/auth/logout', {
    headers: { authorization: `Bearer ${tenant.accessToken}` },
  })
  await byUser.text()
  await byBoth.text()
  t.pass('each ended')
  await until(async () => {
    const { body } = await server.call('GET', '/api/logs?path=/api/events/stream', { headers: tenant.auth })
    return body.logs.length === 4
  }, 'the log')
})

t.test('streams are bounded for each organization, and do not keep the server from closing', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const { auth } = await server.tenant()
  const other = await server.tenant()
  const open = (headers: Record<string, string>) => fetch(`${base}/api/events/stream`, { headers })
  const streams = await Promise.all(Array.from({ length: STREAMS_PER_ORGANIZATION }, () => open(auth)))
  t.ok(streams.every(({ status }) => status === 200))
  const refused = await open(auth)
  t.equal(refused.status, 429)
  t.match(await refused.json(), { error: { code: 'RATE_LIMITED' } })
  t.equal((await open(other.auth)).status, 200, 'others have their own')
  await streams[0]?.body?.cancel()
  await until(async () => {
    const next = await open(auth)
    await next.body?.cancel()
    return next.status === 200
  }, 'a place that became free')
  await server.app.close()
  t.pass('closed')
})
