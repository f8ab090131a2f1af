import t from 'tap'
import { newId } from '../../schemas/ids.ts'
import type { Answer } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'
import { mailServer } from '../support/mail.ts'
import { startScene, startStage } from '../webhooks/scene.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

// In the sandbox an organization's time may be ahead of the real one. Whatever it has goes by that time: when it was
// made, when it ends, and whether it has ended.
t.test('an organization has one clock', async (t) => {
  const smtp = await mailServer(t)
  const server = await startStage(t, { SMTP_URL: smtp.url })
  const clockOf = (
    ask: (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<Answer>,
  ) => ({
    ahead: async (milliseconds: number): Promise<number> => {
      const { body } = await ask('POST', '/api/sandbox/clock', {
        advanceSeconds: Math.ceil(milliseconds / 1000),
      })
      return Date.parse(body.now)
    },
    now: async (): Promise<number> => Date.parse((await ask('GET', '/api/sandbox/clock')).body.now),
    back: () => ask('DELETE', '/api/sandbox/clock'),
  })
  const at = (time: number) => new Date(time).toISOString()

  t.test('keys: made, due and expired by it', async (t) => {
    const desk = await openDesk(server)
    const { ask } = desk
    const clock = clockOf(ask)
    const now = await clock.ahead(200 * DAY)
    const create = (expiresAt: string) => ask('POST', '/api/keys', { name: 'Clocked', expiresAt })
    const past = await create(at(Date.now() + DAY))
    t.match(past, { status: 400, body: { error: { details: [{ path: 'body.expiresAt' }] } } })
    const { status, body: key } = await create(at(now + 30 * DAY))
    t.equal(status, 201)
    t.ok(Date.parse(key.createdAt) >= now, 'it was made at that time')
    t.equal(key.rotationDue, false)
    t.match(await ask('GET', `/api/keys/${key.id}`), { body: { status: 'active', rotationDue: false } })
    t.match(await ask('PATCH', `/api/keys/${key.id}`, { expiresAt: at(Date.now() + DAY) }), { status: 400 })

    const { body: successor } = await ask('POST', `/api/keys/${key.id}/rotate`, { graceHours: 1 })
    const life = Date.parse(successor.expiresAt) - Date.parse(successor.createdAt)
    t.ok(Math.abs(life - 30 * DAY) < HOUR, `a successor lives as long: ${life / DAY} days`)
    const seenOf = async (type: string) => {
      const { events } = (await ask('GET', `/api/events?type=${type}`)).body
      return events.map(({ data }: { data: { id: string } }) => data.id)
    }
    t.same(await seenOf('key.expiring'), [])
    await clock.ahead(24 * DAY)
    t.same(await seenOf('key.expiring'), [successor.id], 'told of when it comes, not by the hour')
    t.match(await ask('GET', `/api/keys/${key.id}`), { body: { status: 'expired' } })
    await clock.ahead(7 * DAY)
    t.match(await ask('GET', `/api/keys/${successor.id}`), { body: { status: 'expired' } })
    const headers = { authorization: `Bearer ${successor.key}` }
    t.equal((await server.call('GET', '/api/whoami', { headers })).status, 401)
  })

  t.test('recordings: kept from when they were made', async (t) => {
    const desk = await openDesk(server)
    const { ask } = desk
    const clock = clockOf(ask)
    const now = await clock.ahead(400 * DAY)
    const { id } = await desk.campaign({ questions: [{ id: 'say', prompt: 'Tell us', kind: 'audio' }] })
    const invite = await desk.invite(id)
    const { body: interview } = await ask('POST', `/api/sandbox/interviews/${invite.id}/simulate`)
    const fileOf = async () => (await ask('GET', `/api/interviews/${interview.id}`)).body.answers[0].file
    t.ok(Date.parse((await fileOf()).createdAt) >= now)
    await clock.ahead(HOUR)
    t.ok(await fileOf(), 'it is not older than it is')
    await clock.ahead(90 * DAY)
    t.equal(await fileOf(), null)
  })

  t.test('events: never before what they tell of', async (t) => {
    const desk = await openDesk(server)
    const { ask } = desk
    const clock = clockOf(ask)
    const invite = await desk.invite((await desk.campaign()).id)
    await clock.ahead(8 * DAY)
    const [event] = (await ask('GET', '/api/events?type=invite.expired')).body.events
    t.equal(event.data.id, invite.id)
    t.ok(event.createdAt >= event.data.expiresAt)
  })

  t.test('kept responses: for 24 hours', async (t) => {
    const desk = await openDesk(server)
    const clock = clockOf(desk.ask)
    const headers = { ...desk.tenant.auth, 'idempotency-key': 'once a day' }
    const create = async () => {
      const { body, headers: got } = await server.call('POST', '/api/campaigns', {
        headers,
        body: { name: 'Once' },
      })
      return { id: body.id, replayed: got['idempotent-replayed'] === 'true' }
    }
    const first = await create()
    await clock.ahead(23 * HOUR)
    t.same(await create(), { ...first, replayed: true })
    await clock.ahead(2 * HOUR)
    const second = await create()
    t.equal(second.replayed, false)
    await clock.back()
    t.same(await create(), { ...second, replayed: true })
    await clock.ahead(23 * HOUR)
    t.same(await create(), { ...second, replayed: true })
    await clock.ahead(2 * HOUR)
    t.equal((await create()).replayed, false)
  })

  t.test('invitations of members: for seven days', async (t) => {
    const owner = await server.tenant()
    const ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
      server.call(method, path, { headers: owner.auth, body })
    const clock = clockOf(ask)
    const now = await clock.ahead(30 * DAY)
    const email = `${newId('usr')}@clock.example`
    const { status, body: invitation } = await ask('POST', '/api/members/invitations', {
      email,
      role: 'member',
    })
    t.equal(status, 201)
    t.equal(invitation.status, 'pending')
    const life = Date.parse(invitation.expiresAt) - now
    t.ok(life > 0 && life < 30 * DAY)
    const token = /#(\S+)/.exec((await smtp.take(email)).text)?.[1]
    await clock.ahead(life + HOUR)
    const [listed] = (await ask('GET', '/api/members/invitations')).body.invitations
    t.match(listed, { id: invitation.id, status: 'expired' })
    const accept = await server.call('POST', '/api/members/invitations/accept', {
      body: { token, name: 'Late', password: 'quite a long one' },
    })
    t.equal(accept.status, 401)
  })

  t.test('deliveries: tried again when their time comes', async (t) => {
    const scene = await startScene(t, server)
    const clock = clockOf(scene.call)
    scene.receiver.answer = (_message, response) => {
      response.statusCode = 500
      response.end()
    }
    await clock.ahead(DAY)
    const { id } = await scene.test()
    const first = await scene.attempted(id, 1)
    const second = await scene.attempted(id, 2)
    t.ok(Date.parse(first.at) >= (await clock.now()) - HOUR, 'an attempt is made at that time')
    const wait = Date.parse(second.nextAttemptAt) - (await clock.now())
    t.ok(wait > 4 * 60_000 && wait < 6 * 60_000, `the next one in ${wait} ms`)
    await clock.ahead(6 * 60_000)
    await scene.attempted(id, 3)

    // Set back: what waits, waits as long as before.
    await clock.back()
    const { nextAttemptAt } = (await scene.call('GET', `/api/deliveries/${id}`)).body
    const left = Date.parse(nextAttemptAt) - Date.now()
    t.ok(left > 20 * 60_000 && left < 40 * 60_000, `the next one in ${left} ms`)
  })

  t.test('secrets of webhooks: the old one ends by it', async (t) => {
    const scene = await startScene(t, server)
    const clock = clockOf(scene.call)
    const url = `/api/webhooks/${scene.webhook.id}`
    const now = await clock.ahead(DAY)
    const rotated = await scene.call('POST', `${url}/rotate-secret`, { graceHours: 2 })
    const until = Date.parse(rotated.body.previousSecretUntil)
    t.ok(until >= now + 2 * HOUR && until < now + 3 * HOUR)
    const signatures = async () => {
      scene.receiver.received.length = 0
      await scene.test()
      const [message] = await scene.receiver.take(1)
      return String(message?.headers['webhook-signature']).split(' ').length
    }
    t.equal(await signatures(), 2)
    await clock.ahead(3 * HOUR)
    t.equal((await scene.webhookNow()).previousSecretUntil, null)
    t.equal(await signatures(), 1)
  })
})
