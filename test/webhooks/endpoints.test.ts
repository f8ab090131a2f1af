import type { ServerResponse } from 'node:http'
import postgres from 'postgres'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { signalEvents } from '../../db/event-signal.ts'
import { signatureOf, startReceiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'
import { startScene, startStage } from './scene.ts'

const server = await startStage(t)

t.test('an endpoint is made, shown, changed and removed; each is in the audit log', async (t) => {
  const { call, webhook } = await startScene(t, server)
  const path = `/api/webhooks/${webhook.id}`
  const { secret, ...shown } = webhook
  t.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  t.same((await call('GET', path)).body, shown)
  t.same((await call('GET', '/api/webhooks')).body, { webhooks: [shown], nextCursor: null })
  const patched = await call('PATCH', path, { events: ['*'], description: 'All', disabled: true })
  t.match(patched.body, { events: ['*'], description: 'All', status: 'disabled', disabledReason: 'request' })
  t.equal((await call('PATCH', path, { description: null })).body.description, null)
  for (const body of [
    {},
    { disabled: 'yes' },
    { events: [] },
    { events: ['nothing.known'] },
    { url: 'x' },
    { secret: 'x' },
  ])
    t.equal((await call('PATCH', path, body)).status, 400, JSON.stringify(body))
  t.equal((await call('DELETE', path)).status, 204)
  t.equal((await call('DELETE', path)).status, 404)
  t.equal((await call('GET', path)).status, 404)
  t.equal((await call('GET', `${path}/deliveries`)).status, 404)
  const audit = await call('GET', '/api/audit')
  const actions = audit.body.audit.map(({ action }: { action: string }) => action)
  for (const action of ['webhook.created', 'webhook.changed', 'webhook.deleted'])
    t.ok(actions.includes(action))
})

t.test('what is refused at creation says why', async (t) => {
  const { call, tenant } = await startScene(t, server)
  const refused = async (body: object) => {
    const answer = await call('POST', '/api/webhooks', body)
    t.equal(answer.status, 400, JSON.stringify(body))
    return answer.body.error
  }
  await refused({})
  await refused({ url: 'https://example.com/' })
  await refused({ url: 'https://example.com/', events: [] })
  await refused({ url: 'https://example.com/', events: ['campaign.created', 'campaign.created'] })
  await refused({ url: 'https://example.com/', events: ['campaign.gone'] })
  await refused({ url: 'https://example.com/', events: ['*'], unknown: 1 })
  await refused({ url: `https://example.com/${'x'.repeat(2100)}`, events: ['*'] })
  t.match(await refused({ url: `https://example.com/?k=${tenant.key}`, events: ['*'] }), {
    message: /contains a credential/,
  })
  t.match(await refused({ url: 'https://me:secret@example.com/', events: ['*'] }), {
    details: [{ path: 'body.url', message: 'must not carry a user name or a password' }],
  })
})

t.test('made twice with one Idempotency-Key, it is one, with one secret', async (t) => {
  const { call, tenant } = await startScene(t, server)
  const make = () =>
    server.call('POST', '/api/webhooks', {
      headers: { ...tenant.auth, 'idempotency-key': 'one' },
      body: { url: 'https://example.com/', events: ['*'] },
    })
  const [first, second] = [await make(), await make()]
  t.equal(second.headers['idempotent-replayed'], 'true')
  t.same(second.body, first.body)
  t.equal((await call('GET', '/api/webhooks')).body.webhooks.length, 2)
})

t.test('a plan has room for so many, of two at once too', async (t) => {
  const { call, tenant } = await startScene(t, server)
  const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  await sql`
    insert into webhooks (organization_id, id, url, events, secrets)
    select organization_id, 'whk_' || lpad(n::text, 26, '0'), url, events, secrets
    from webhooks, generate_series(1, 98) n where organization_id = ${tenant.organizationId}`
  const make = () => call('POST', '/api/webhooks', { url: 'https://example.com/', events: ['*'] })
  const made = await Promise.all([make(), make(), make()])
  t.same(made.map(({ status }) => status).sort(), [201, 403, 403])
  t.match(JSON.stringify(made.map(({ body }) => body.error)), 'does not include this: webhooks')
  await sql`delete from webhooks where organization_id = ${tenant.organizationId}`
  await sql.end()
})

t.test('at rest no secret can be read', async (t) => {
  const { webhook } = await startScene(t, server)
  const [row] = await server.app.database`select * from webhooks where id = ${webhook.id}`
  const bytes = row?.secrets.toString('latin1')
  t.notOk(bytes.includes(webhook.secret) || bytes.includes(webhook.secret.slice(6)))
})

t.test('while it keeps up, an endpoint gets one after the other, in order', async (t) => {
  const { call, receiver } = await startScene(t, server)
  let underWay = 0
  let most = 0
  receiver.answer = (_message, response) => {
    underWay += 1
    most = Math.max(most, underWay)
    setTimeout(() => {
      underWay -= 1
      response.end()
    }, 5)
  }
  for (let count = 0; count < 8; count += 1) await call('POST', '/api/campaigns', { name: `c${count}` })
  const messages = await receiver.take(8)
  t.same(
    messages.map(({ event }) => event.data.name),
    Array.from({ length: 8 }, (_, count) => `c${count}`),
  )
  t.equal(most, 1)
})

t.test('an endpoint that hangs delays no other, and its own limit holds', async (t) => {
  const { call, receiver: slow } = await startScene(t, server)
  const quick = await startReceiver(t)
  const held: (() => void)[] = []
  let underWay = 0
  let most = 0
  slow.answer = (_message, response) => {
    underWay += 1
    most = Math.max(most, underWay)
    // Also one that was broken off, as it was held for too long.
    response.once('close', () => {
      underWay -= 1
    })
    held.push(() => response.end())
  }
  await call('POST', '/api/webhooks', { url: quick.url, events: ['campaign.created'] })
  await Promise.all(
    Array.from({ length: 150 }, (_, count) => call('POST', '/api/campaigns', { name: `c${count}` })),
  )
  await quick.take(150)
  t.pass('the other one got everything')
  let ended = false
  const letGo = setInterval(() => {
    for (const release of held.splice(0)) release()
    if (ended) clearInterval(letGo)
  }, 5)
  await slow.take(150)
  ended = true
  t.ok(most <= 10, `${most} at once`)
})

t.test('what becomes due after a change of the endpoint is sent as it is by then', async (t) => {
  const scene = await startScene(t, server)
  const { call, webhook, receiver, tenant } = scene
  const sql = postgres(server.databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  await sql`update webhooks set paused_until = now() + interval '1 hour' where id = ${webhook.id}`
  const later = await scene.test()
  await sql`update deliveries set due_at = now() + interval '1 hour' where id = ${later.id}`
  await sql`update webhooks set paused_until = null where id = ${webhook.id}`
  const held: ServerResponse[] = []
  receiver.answer = (_message, response) => held.push(response)
  await scene.test()
  await receiver.take(1)

  // The queue is looked into, and what is in it is told late: the secret must not be the one of before.
  const blocking = await sql.reserve()
  await blocking`begin`
  await blocking`lock table deliveries in access exclusive mode`
  await signalEvents(server.app.database, tenant.organizationId)
  await until(async () => {
    const waiting = await sql`
      select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%order by due_at, event_id%'`
    return waiting.length > 0
  }, 'the queue to be read')
  const rotated = await call('POST', `/api/webhooks/${webhook.id}/rotate-secret`, { graceHours: 0 })
  await blocking`update deliveries set due_at = now() where id = ${later.id}`
  await blocking`commit`
  blocking.release()
  receiver.answer = (_message, response) => {
    response.end()
  }
  for (const response of held) response.end()
  const [, second] = await receiver.take(2)
  t.equal(second?.id, later.eventId)
  const verifies = (secret: string) =>
    second && new Webhook(secret).verify(second.body, signatureOf(second)) !== null
  t.ok(verifies(rotated.body.secret))
  t.throws(() => verifies(webhook.secret))
})

t.test('an endpoint that was removed leaves nothing that could be sent', async (t) => {
  const { call, webhook, receiver, tenant } = await startScene(t, server)
  const { database } = server.app
  await call('PATCH', `/api/webhooks/${webhook.id}`, { disabled: true })
  // As an event does whose transaction began before the removal and ends after it.
  await call('POST', '/api/campaigns', { name: 'between' })
  const [event] = (await call('GET', '/api/events?limit=1')).body.events
  await call('DELETE', `/api/webhooks/${webhook.id}`)
  await database`
    insert into deliveries (organization_id, id, webhook_id, event_id)
    values (${tenant.organizationId}, ${event.id.replace('evt', 'dlv')}, ${webhook.id}, ${event.id})`
  await until(async () => {
    const rows = await database`select from deliveries where webhook_id = ${webhook.id}`
    return rows.length === 0
  }, 'the sweep')
  t.equal(receiver.received.length, 0)
})
