import t from 'tap'
import { forgetOldEvents } from '../../db/queries/events.ts'
import { EVENTS_KEPT_DAYS } from '../../operations/events/emit.ts'
import { testApp } from '../support/app.ts'

t.test(
  'what happened is listed, newest first, of one type or of all, to its organization alone',
  async (t) => {
    const { call, tenant } = await testApp(t)
    const { auth } = await tenant()
    const stranger = await tenant()
    const made = await call('POST', '/api/campaigns', { headers: auth, body: { name: 'First' } })
    await call('PATCH', `/api/campaigns/${made.body.id}`, { headers: auth, body: { name: 'Second' } })
    await call('DELETE', `/api/campaigns/${made.body.id}`, { headers: auth })

    const all = await call('GET', '/api/events', { headers: auth })
    t.equal(all.status, 200)
    t.same(
      all.body.events.map((event: { type: string }) => event.type),
      ['campaign.updated', 'campaign.updated', 'campaign.created', 'key.created'],
    )
    t.match(all.body.events[2], { id: /^evt_/, data: { id: made.body.id, name: 'First', status: 'active' } })
    t.equal(all.body.events[0].data.status, 'archived')

    const some = await call('GET', '/api/events?type=campaign.created&limit=1', { headers: auth })
    t.same(some.body, { events: [all.body.events[2]], nextCursor: null })
    t.equal((await call('GET', '/api/events?type=nothing.known', { headers: auth })).status, 400)

    const theirs = await call('GET', '/api/events', { headers: stranger.auth })
    t.notOk(JSON.stringify(theirs.body).includes(made.body.id))
  },
)

t.test('an event holds no secret, and what failed leaves none', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { auth, key, keyId } = await tenant()
  const rotated = await call('POST', `/api/keys/${keyId}/rotate`, { headers: auth, body: {} })
  await call('POST', '/api/campaigns', {
    headers: auth,
    body: { name: 'x', questions: [{ prompt: 'p', kind: 'choice' }] },
  })
  const rows = await app.database<{ type: string; data: object }[]>`select type, data from events`
  t.same(rows.map((row) => row.type).sort(), ['key.created', 'key.created', 'key.rotated'])
  const text = JSON.stringify(rows)
  t.notOk(text.includes(key))
  t.notOk(text.includes(rotated.body.key))
})

t.test('events are kept for thirty days', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const { auth } = await tenant()
  await app.database`insert into events (organization_id, id, type, data, created_at)
    select id, 'evt_00000000000000000000000000', 'campaign.created', '{}', now() - interval '31 days' from organizations`
  await forgetOldEvents(app.database, EVENTS_KEPT_DAYS)
  t.equal((await call('GET', '/api/events', { headers: auth })).body.events.length, 1)
})
