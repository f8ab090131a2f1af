import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { type DrillStep, drillNames } from '../../schemas/drills.ts'
import { testApp } from '../support/app.ts'
import { signatureOf, startReceiver } from '../support/receiver.ts'

const loopback = { WEBHOOK_ALLOWED_TARGETS: '127.0.0.1' }

t.test('each drill of keys and sessions goes as it should', async (t) => {
  const { call, tenant } = await testApp(t)
  const { auth, both } = await tenant()
  for (const drill of drillNames.filter((name) => !name.startsWith('webhook'))) {
    // Keys end by the organization's time, which may have been moved.
    const isMoved = drill === 'key-expiry'
    const clock = (method: 'POST' | 'DELETE', moves = {}) =>
      call(method, '/api/sandbox/clock', { headers: auth, ...moves })
    if (isMoved) await clock('POST', { body: { advanceSeconds: 86_400 } })
    const { status, body } = await call('POST', '/api/sandbox/drills', { headers: auth, body: { drill } })
    t.equal(status, 200, drill)
    t.equal(body.passed, true, JSON.stringify(body.steps.filter((step: DrillStep) => !step.ok)))
    t.ok(body.steps.length >= 4, `${drill}: ${body.steps.length} steps`)
    if (isMoved) await clock('DELETE')
  }
  const byUser = await call('POST', '/api/sandbox/drills', { headers: both, body: { drill: 'lost-refresh' } })
  t.equal(byUser.body.passed, true)
  const keys = await call('GET', '/api/keys', { headers: auth })
  t.same(
    keys.body.keys.filter(({ status }: { status: string }) => status === 'active').length,
    1,
    'a drill leaves no key behind',
  )
})

t.test('a receiver that verifies, and goes by ids, passes; one that takes anything does not', async (t) => {
  const receiver = await startReceiver(t)
  const { call, tenant } = await testApp(t, loopback)
  const { auth } = await tenant()
  const run = async (drill: string, webhookId?: string) =>
    call('POST', '/api/sandbox/drills', {
      headers: auth,
      body: { drill, ...(webhookId ? { webhookId } : {}) },
    })
  const none = await run('webhook-duplicate')
  t.equal(none.status, 409)
  t.match(none.body.error.hint, 'POST /api/webhooks')

  const { body: webhook } = await call('POST', '/api/webhooks', {
    headers: auth,
    body: { url: receiver.url, events: ['*'] },
  })
  const credulous = await run('webhook-signature')
  t.equal(credulous.body.passed, false)
  t.same(
    credulous.body.steps.map(({ ok }: DrillStep) => ok),
    [true, false, false, false],
  )

  const verifier = new Webhook(webhook.secret)
  receiver.answer = (message, response) => {
    try {
      verifier.verify(message.body, signatureOf(message))
    } catch {
      response.statusCode = 401
    }
    response.end()
  }
  receiver.received.length = 0
  for (const drill of drillNames.filter((name) => name.startsWith('webhook'))) {
    const { body } = await run(drill, webhook.id)
    t.equal(body.passed, true, `${drill}: ${JSON.stringify(body.steps)}`)
  }
  const of = (name: string) => receiver.received.filter(({ event }) => event.data.drill === name)
  t.equal(new Set(of('webhook-duplicate').map(({ id }) => id)).size, 1)
  t.equal(of('webhook-duplicate').length, 2)
  const [newer, older] = of('webhook-reorder')
  t.ok((newer?.event.createdAt ?? '') > (older?.event.createdAt ?? ''))
  t.ok(Date.now() - Date.parse(of('webhook-delay')[0]?.event.createdAt ?? '') > 3_500_000)
})

t.test('a drill that is asked for again with its Idempotency-Key is not run again', async (t) => {
  const { call, tenant } = await testApp(t)
  const { auth } = await tenant()
  const headers = { ...auth, 'idempotency-key': 'one drill' }
  const run = () => call('POST', '/api/sandbox/drills', { headers, body: { drill: 'rotation' } })
  const first = await run()
  t.match(first, { status: 200, body: { passed: true } })
  const again = await run()
  t.same(again.body, first.body)
  t.equal(again.headers['idempotent-replayed'], 'true')
})

t.test('drills need the rights that their steps need, and production has none', async (t) => {
  const { call, tenant } = await testApp(t)
  const { auth } = await tenant()
  const { body } = await call('POST', '/api/keys', {
    headers: auth,
    body: { name: 'Reader', scopes: ['keys:read'] },
  })
  const refused = await call('POST', '/api/sandbox/drills', {
    headers: { authorization: `Bearer ${body.key}` },
    body: { drill: 'rotation' },
  })
  t.equal(refused.status, 403)
  t.match(JSON.stringify(refused.body), 'keys:write')
  t.equal(
    (await call('POST', '/api/sandbox/drills', { headers: auth, body: { drill: 'nothing' } })).status,
    400,
  )
  const production = await testApp(t, {
    ANTEROOM_ENV: 'production',
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
  })
  t.equal((await production.call('POST', '/api/sandbox/drills', { body: { drill: 'rotation' } })).status, 404)
})

// Each of them held a connection while it asked the API, which waited for one: ten of them stopped the server.
t.test('twice as many drills at once as there are connections all come to their end', async (t) => {
  const { call, tenant } = await testApp(t)
  const { auth } = await tenant()
  const drill = () => call('POST', '/api/sandbox/drills', { headers: auth, body: { drill: 'rotation' } })
  const reports = await Promise.all(Array.from({ length: 20 }, drill))
  for (const { status, body } of reports) {
    t.equal(status, 200)
    t.equal(body.passed, true, JSON.stringify(body.steps?.filter((step: DrillStep) => !step.ok)))
  }
  t.equal((await call('GET', '/readyz')).status, 200)
})
