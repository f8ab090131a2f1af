import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { delayAfter, JITTER, readRetryAfter, retryDelays } from '../../operations/webhooks/retries.ts'
import { mailServer } from '../support/mail.ts'
import { signatureOf } from '../support/receiver.ts'
import { until } from '../support/until.ts'
import { startScene, startStage } from './scene.ts'

const smtp = await mailServer(t)
const server = await startStage(t, { SMTP_URL: smtp.url })

const seconds = [5, 300, 1800, 7200, 18_000, 36_000, 36_000]

t.test('the table of retries', async (t) => {
  t.same(
    retryDelays,
    seconds.map((delay) => delay * 1000),
  )
  for (const [index, delay] of retryDelays.entries()) {
    t.equal(delayAfter(index + 1, null, 0), delay)
    t.equal(delayAfter(index + 1, null, 1), Math.round(delay * (1 + JITTER)))
    t.equal(delayAfter(index + 1, delay * 3, 0.5), delay * 3, 'the receiver may ask for more')
    t.equal(delayAfter(index + 1, 0, 0), delay, 'and not for less')
  }
  t.equal(delayAfter(retryDelays.length + 1, null), null)
  const now = Date.parse('2026-01-01T00:00:00Z')
  t.equal(readRetryAfter(503, '120', now), 120_000)
  t.equal(readRetryAfter(429, 'Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000)
  t.equal(readRetryAfter(429, 'Wed, 31 Dec 2025 00:00:00 GMT', now), 0)
  t.equal(readRetryAfter(429, '99999999', now), 86_400_000)
  for (const odd of ['', 'soon', '-5', '1.5e3x']) t.equal(readRetryAfter(429, odd, now) ?? 0, 0, odd)
  t.equal(readRetryAfter(500, '120', now), null)
})

t.test('whatever a receiver answers, the delivery goes the way of the table', async (t) => {
  const scene = await startScene(t, server)
  const { receiver } = scene
  const statuses = fc.array(fc.constantFrom(200, 204, 301, 400, 404, 500, 502), {
    minLength: 8,
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(statuses, async (answers) => {
      let asked = 0
      receiver.answer = (_message, response) => {
        response.statusCode = answers[asked++] as number
        response.end(`answer ${asked}`)
      }
      receiver.received.length = 0
      const { id, eventId } = await scene.test()
      for (let attempt = 1; ; attempt += 1) {
        const delivery = await scene.attempted(id, attempt)
        const status = answers[attempt - 1] as number
        const good = status < 300
        const last = good || attempt === 8
        t.match(delivery, { attempt, status, state: good ? 'delivered' : last ? 'failed' : 'pending' })
        t.equal(delivery.earlierAttempts.length, attempt - 1)
        if (last) {
          t.equal(delivery.nextAttemptAt, null)
          break
        }
        const wait = (Date.parse(delivery.nextAttemptAt) - Date.parse(delivery.at)) / 1000
        const expected = seconds[attempt - 1] as number
        t.ok(
          wait >= expected - 1 && wait <= expected * (1 + JITTER) + 30,
          `${wait} s after attempt ${attempt}`,
        )
        await scene.makeDue(id)
      }
      t.ok(
        receiver.received.every((message) => message.id === eventId),
        'each attempt has the same id',
      )
      t.equal(new Set(receiver.received.map(({ body }) => body)).size, 1, 'and the same body')
    }),
    { numRuns: 5 },
  )
})

t.test('Retry-After: nothing goes to the endpoint before that', async (t) => {
  const scene = await startScene(t, server)
  scene.receiver.answer = (_message, response) => {
    response.writeHead(503, { 'retry-after': '3600' }).end()
  }
  const first = await scene.test()
  const delivery = await scene.attempted(first.id, 1)
  const wait = (Date.parse(delivery.nextAttemptAt) - Date.parse(delivery.at)) / 1000
  t.ok(wait >= 3599 && wait < 3700, `${wait} s`)
  const webhook = await scene.webhookNow()
  t.ok(Date.parse(webhook.pausedUntil) > Date.now() + 3_500_000)
  const second = await scene.test()
  t.ok(Date.parse(second.nextAttemptAt) > Date.now() + 3_500_000, 'the next one waits as well')
  await scene.makeDue(first.id)
  scene.receiver.answer = (_message, response) => {
    response.end()
  }
  await scene.server.app.database`update webhooks set paused_until = now()`
  await scene.attempted(second.id, 1)
  t.equal((await scene.attempted(first.id, 2)).state, 'delivered')
})

t.test('410 disables; enabled again, it gets what waits', async (t) => {
  const scene = await startScene(t, server)
  const { call, webhook, receiver, tenant } = scene
  receiver.answer = (_message, response) => {
    response.statusCode = 410
    response.end()
  }
  const { id } = await scene.test()
  t.match(await scene.attempted(id, 1), { state: 'failed', status: 410, nextAttemptAt: null })
  t.match(await scene.webhookNow(), { status: 'disabled', disabled: true, disabledReason: 'gone' })
  t.match((await smtp.take(tenant.email)).text, '410 Gone')
  for (const path of [`/api/webhooks/${webhook.id}/test`, `/api/deliveries/${id}/redeliver`]) {
    const refused = await call('POST', path)
    t.equal(refused.status, 409)
    t.match(refused.body.error.hint, '"disabled":false')
  }
  await call('POST', '/api/campaigns', { name: 'while it was disabled' })
  receiver.answer = (_message, response) => {
    response.end()
  }
  const enabled = await call('PATCH', `/api/webhooks/${webhook.id}`, { disabled: false })
  t.match(enabled.body, { status: 'enabled', disabledReason: null, disabledAt: null, failingSince: null })
  t.equal((await call('POST', `/api/deliveries/${id}/redeliver`)).status, 202)
  t.match(await scene.attempted(id, 2), { state: 'delivered', status: 200 })
  t.equal(receiver.received.length, 2)
})

t.test('an endpoint that fails for five days: a warning, then the end, each told of', async (t) => {
  const scene = await startScene(t, server)
  const { database } = scene.server.app
  scene.receiver.answer = (_message, response) => {
    response.statusCode = 500
    response.end()
  }
  const age = (failing: string, warned: string | null) => database`
    update webhooks set failing_since = now() - ${failing}::interval, warned_at = now() - ${warned}::interval`
  const { id } = await scene.test()
  await scene.attempted(id, 1)
  const { failingSince } = await scene.webhookNow()
  t.ok(Date.parse(failingSince))

  await age('4 days 1 hour', null)
  await scene.makeDue(id)
  t.match((await smtp.take(scene.tenant.email)).text, 'will be disabled on')
  await scene.attempted(id, 2)
  t.equal((await scene.webhookNow()).status, 'enabled')

  await age('5 days 1 hour', '2 hours')
  await scene.makeDue(id)
  await scene.attempted(id, 3)
  t.equal((await scene.webhookNow()).status, 'enabled', 'not before a day has passed since the warning')

  await age('5 days 1 hour', '25 hours')
  await scene.makeDue(id)
  await scene.attempted(id, 4)
  t.match(await scene.webhookNow(), { status: 'disabled', disabledReason: 'failing' })
  t.match((await smtp.take(scene.tenant.email)).text, 'has arrived for five days')
  t.equal(smtp.received.filter(({ to }) => to === scene.tenant.email).length, 2)
  const audit = await scene.call('GET', '/api/audit')
  t.match(audit.body.audit[0], { action: 'webhook.disabled', actorType: 'system' })
})

t.test('one success, and it is well again', async (t) => {
  const scene = await startScene(t, server)
  scene.receiver.answer = (_message, response) => {
    response.statusCode = scene.receiver.received.length === 1 ? 500 : 200
    response.end()
  }
  const { id } = await scene.test()
  await scene.attempted(id, 1)
  t.ok((await scene.webhookNow()).failingSince)
  await scene.makeDue(id)
  await scene.attempted(id, 2)
  t.equal((await scene.webhookNow()).failingSince, null)
})

t.test('a replaced secret signs beside the new one until its grace is over', async (t) => {
  const scene = await startScene(t, server)
  const { call, webhook, receiver } = scene
  const rotate = (body?: unknown) => call('POST', `/api/webhooks/${webhook.id}/rotate-secret`, body)
  const verifies = (secret: string) => {
    const message = receiver.received.at(-1)
    try {
      return message !== undefined && new Webhook(secret).verify(message.body, signatureOf(message)) !== null
    } catch {
      return false
    }
  }
  const deliver = async () => scene.attempted((await scene.test()).id, 1)

  const second = await rotate()
  t.equal(second.status, 200)
  t.match(second.body, { id: webhook.id, secret: /^whsec_/ })
  const wait = Date.parse(second.body.previousSecretUntil) - Date.now()
  t.ok(Math.abs(wait - 24 * 3_600_000) < 60_000, 'a day')
  await deliver()
  t.same([webhook.secret, second.body.secret].map(verifies), [true, true])
  const third = await rotate({ graceHours: 1 })
  await deliver()
  t.same([webhook.secret, second.body.secret, third.body.secret].map(verifies), [true, true, true])
  const fourth = await rotate({ graceHours: 0 })
  t.equal(fourth.body.previousSecretUntil, null)
  await deliver()
  t.same([webhook.secret, second.body.secret, third.body.secret].map(verifies), [false, false, false])
  t.ok(verifies(fourth.body.secret))
  t.equal((await rotate({ graceHours: -1 })).status, 400)
  t.notOk(JSON.stringify((await call('GET', '/api/webhooks')).body).includes('whsec_'), 'shown once')
})

t.test('what has failed since a time is sent again, and a single event to who wants it now', async (t) => {
  const scene = await startScene(t, server)
  const { call, webhook, receiver } = scene
  receiver.answer = (_message, response) => {
    response.statusCode = 500
    response.end()
  }
  const failed = [await scene.test(), await scene.test()]
  for (const { id } of failed) await scene.attempted(id, 1)
  await scene.server.app.database`update deliveries set state = 'failed'`
  receiver.answer = (_message, response) => {
    response.end()
  }
  const good = await scene.test()
  await scene.attempted(good.id, 1)
  const since = new Date(Date.now() - 3_600_000).toISOString()
  const none = await call('POST', `/api/webhooks/${webhook.id}/replay`, {
    since: new Date(Date.now() + 60_000).toISOString(),
  })
  t.same([none.status, none.body], [202, { deliveries: 0 }])
  const replay = await call('POST', `/api/webhooks/${webhook.id}/replay`, { since })
  t.same([replay.status, replay.body], [202, { deliveries: 2 }])
  for (const { id } of failed) t.equal((await scene.attempted(id, 2)).state, 'delivered')
  t.equal((await scene.attempted(good.id, 1)).attempt, 1)

  await call('POST', '/api/campaigns', { name: 'Again' })
  const events = await call('GET', '/api/events?type=campaign.created')
  const [event] = events.body.events
  await receiver.take(1, ({ id }) => id === event.id)
  t.same((await call('GET', `/api/events/${event.id}`)).body, event)
  await until(async () => {
    const { body } = await call('GET', `/api/webhooks/${webhook.id}/deliveries`)
    return body.deliveries[0].state === 'delivered'
  }, 'the outcome')
  t.same((await call('POST', `/api/events/${event.id}/replay`)).body, { deliveries: 1 })
  const [one, two] = await receiver.take(2, ({ id }) => id === event.id)
  t.equal(one?.body, two?.body)
})
