import postgres from 'postgres'
import t from 'tap'
import { onDeadlock } from '../../db/deadlocks.ts'
import { AuditKey } from '../../operations/audit/key.ts'
import { EndpointCare } from '../../operations/webhooks/care.ts'
import { Recorder } from '../../operations/webhooks/recorder.ts'
import { type Body, type TestApp, testApp } from '../support/app.ts'
import { TEST_KEY } from '../support/database.ts'
import { until } from '../support/until.ts'

const server = await testApp(t)
const { app, tenant } = server
const instances = [server, await testApp(t, {}, server)]
let turn = 0
const call: TestApp['call'] = (...request) => {
  turn += 1
  return (instances[turn % instances.length] as TestApp).call(...request)
}
// A bare connection, whose locks no test looks at.
const blocker = postgres(server.databaseUrl, { max: 2, connection: { search_path: 'sandbox' } })
t.teardown(() => blocker.end())

let deadlocks = 0
t.teardown(
  onDeadlock(() => {
    deadlocks += 1
  }),
)

const ROUNDS = 6
const WEBHOOKS = 4
const EVENTS = 5

/** An organization with webhooks, events and deliveries, every second one failed. */
async function busyTenant() {
  const { auth: headers, organizationId } = await tenant()
  const webhooks: string[] = []
  for (let count = 0; count < WEBHOOKS; count += 1) {
    const body = { url: 'https://hooks.example.com/busy', events: ['campaign.*'] }
    webhooks.push((await call('POST', '/api/webhooks', { headers, body })).body.id)
  }
  for (let count = 0; count < EVENTS; count += 1) {
    await call('POST', '/api/campaigns', { headers, body: { name: `Campaign ${count}` } })
  }
  await call('POST', '/api/sandbox/clock', { headers, body: { advanceSeconds: 60 } })
  const deliveries = await app.database<{ id: string; webhookId: string; eventId: string }[]>`
    select id, webhook_id, event_id from deliveries where organization_id = ${organizationId} order by id`
  await app.database`
    update deliveries set state = 'failed'
    where organization_id = ${organizationId} and event_id = ${deliveries[0]?.eventId ?? ''}`
  return { headers, organizationId, webhooks, deliveries }
}

type Busy = Awaited<ReturnType<typeof busyTenant>>

/** Writes results down as a worker does. It fails where a result cannot be written. */
async function record(
  { organizationId }: Busy,
  deliveries: readonly { id: string; webhookId: string }[],
): Promise<void> {
  const mailer = instances[0]?.app.mailer as typeof app.mailer
  const care = new EndpointCare(mailer, () => '', new AuditKey(Buffer.from(TEST_KEY, 'base64')))
  const recorder = new Recorder(app.database, care, (error) => {
    throw error
  })
  const outcome = { status: 500, durationMs: 1, response: '', error: null, retryAfterMs: null }
  const ended = { organizationId, attempt: 1, tries: 1, outcome, endedAt: performance.now() }
  await Promise.all(
    deliveries.map(({ id, webhookId }) => recorder.record({ ...ended, deliveryId: id, webhookId })),
  )
}

t.test('whatever concerns webhooks and their deliveries at once', async (t) => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const busy = await busyTenant()
    const { headers, webhooks, deliveries } = busy
    const answers: { status: number; body: Body }[] = []
    const request = (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) => async () => {
      answers.push(await call(method, path, { headers, ...(body && { body }) }))
    }
    const first = deliveries[0]?.eventId
    const last = deliveries.at(-1)?.eventId
    const since = '2020-01-01T00:00:00.000Z'
    const works = [
      request('POST', `/api/events/${first}/replay`),
      request('DELETE', '/api/sandbox/clock'),
      request('DELETE', `/api/webhooks/${webhooks[1]}`),
      () => record(busy, deliveries.toReversed()),
      request('POST', `/api/webhooks/${webhooks[2]}/replay`, { since }),
      request('POST', `/api/deliveries/${deliveries.at(-1)?.id}/redeliver`),
      request('POST', '/api/sandbox/reset'),
      request('POST', `/api/events/${last}/replay`),
      request('DELETE', `/api/webhooks/${webhooks[3]}`),
      request('PATCH', `/api/webhooks/${webhooks[0]}`, { description: 'Changed' }),
      () => record(busy, deliveries),
      request('POST', '/api/campaigns', { name: 'Another' }),
    ]
    const begun = [...works.slice(round * 2), ...works.slice(0, round * 2)]
    const middle = deliveries[Math.floor((deliveries.length * (round + 1)) / (ROUNDS + 1))]?.id ?? ''
    let all: Promise<unknown> = Promise.resolve()
    // While one delivery is held, everything begins, takes what it can get, and waits. Then all go on together.
    await blocker.begin(async (tx) => {
      await tx`select from deliveries where id = ${middle} for update`
      let done = 0
      const count = () => {
        done += 1
      }
      all = Promise.all((round % 2 ? begun.toReversed() : begun).map((work) => work().finally(count)))
      await until(async () => {
        const rows = await blocker`
          select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
        return rows.length + done >= works.length
      }, 'every work to wait or to be done')
    })
    await all
    for (const { status, body } of answers) t.ok(status < 500, `${status} ${JSON.stringify(body?.error)}`)
    t.equal(deadlocks, 0, `round ${round}`)
  }
})
