import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { testWorker } from '../support/mail.ts'
import { type ReceivedMessage, signatureOf, startReceiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'

const loopback = { WEBHOOK_ALLOWED_TARGETS: '127.0.0.0/8' }

t.test('what happens arrives, signed, and is listed', async (t) => {
  const receiver = await startReceiver(t)
  const server = await testApp(t, loopback)
  await testWorker(t, server)
  const { call } = server
  const { auth } = await server.tenant()
  const made = await call('POST', '/api/webhooks', {
    headers: auth,
    body: { url: receiver.url, events: ['campaign.*'], description: 'Mine' },
  })
  t.equal(made.status, 201)
  t.match(made.body, {
    id: /^whk_/,
    url: receiver.url,
    events: ['campaign.*'],
    description: 'Mine',
    status: 'enabled',
    secret: /^whsec_/,
  })
  t.equal(Buffer.from(made.body.secret.slice(6), 'base64').length, 32)

  const campaign = await call('POST', '/api/campaigns', { headers: auth, body: { name: 'First' } })
  await call('POST', '/api/keys', { headers: auth, body: { name: 'not wanted here' } })
  const [message] = (await receiver.take(1)) as [ReceivedMessage]
  t.match(message.event, {
    id: /^evt_/,
    type: 'campaign.created',
    data: { id: campaign.body.id, name: 'First' },
  })
  t.same(Object.keys(message.event), ['id', 'type', 'createdAt', 'data'])
  t.equal(message.headers['webhook-id'], message.event.id)
  t.equal(message.headers['content-type'], 'application/json')

  const verifier = new Webhook(made.body.secret)
  t.same(verifier.verify(message.body, signatureOf(message)), message.event)
  t.throws(() => verifier.verify(`${message.body} `, signatureOf(message)), 'not a changed body')
  const old = { ...signatureOf(message), 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 600) }
  t.throws(() => verifier.verify(message.body, old), 'not an old timestamp')
  const foreign = new Webhook(`whsec_${Buffer.alloc(32, 7).toString('base64')}`)
  t.throws(() => foreign.verify(message.body, signatureOf(message)), 'not with a foreign secret')

  const path = `/api/webhooks/${made.body.id}/deliveries`
  const list = () => call('GET', path, { headers: auth })
  await until(async () => (await list()).body.deliveries[0]?.state === 'delivered', 'the outcome')
  const { body } = await list()
  t.equal(body.deliveries.length, 1)
  t.match(body.deliveries[0], {
    id: /^dlv_/,
    eventId: message.event.id,
    eventType: 'campaign.created',
    attempt: 1,
    status: 200,
    response: 'thanks',
    error: null,
    nextAttemptAt: null,
  })
  t.ok(Math.abs(Date.parse(body.deliveries[0].at) - Date.now()) < 60_000)
  t.equal(receiver.received.length, 1)
})
