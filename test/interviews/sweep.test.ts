import t from 'tap'
import { sweepAllExpiries } from '../../operations/interviews/sweep.ts'
import { testApp } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'

t.test('one run writes down every expiry, however small its batches', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const campaign = await desk.campaign()
  const { database } = server.app
  for (let count = 0; count < 5; count += 1) await desk.invite(campaign.id, { expiresInHours: 1 })
  await database`update invites set expires_at = now() - interval '1 minute'`
  const sweep = (longestMs: number) =>
    sweepAllExpiries(database, server.app.publicUrl(), { batch: 2, longestMs })
  t.same(await sweep(0), { invites: 2, interviews: 0 }, 'no batch begins after the time is over')
  t.same(await sweep(60_000), { invites: 3, interviews: 0 })
  t.match(await desk.counts(campaign.id), { expired: 5 })
  const { body } = await desk.ask('GET', '/api/events?type=invite.expired')
  t.equal(body.events.length, 5, 'each has its event, once')
})
