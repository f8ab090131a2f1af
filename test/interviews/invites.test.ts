import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { type Answer, testApp } from '../support/app.ts'
import { browserOf, openDesk } from '../support/interviews.ts'
import { until } from '../support/until.ts'

const HOUR = 3600

t.test('invites', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { ask } = desk
  const statusOf = async (id: string) => (await ask('GET', `/api/invites/${id}`)).body.status

  t.test('one is made, shown once with its token, exchanged once', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id, { expiresInHours: 2 })
    t.match(invite.token, /^inv_[0-9A-Za-z]{50}$/)
    t.equal(invite.url, `${server.app.publicUrl()}/interview#${invite.token}`)
    t.equal(Date.parse(invite.expiresAt) - Date.parse(invite.createdAt), 2 * HOUR * 1000)
    const shown = await ask('GET', `/api/invites/${invite.id}`)
    t.notOk(JSON.stringify(shown.body).includes(invite.token))
    t.match(shown.body, { status: 'pending', interviewId: null, url: /\/interview$/ })

    const session = await desk.exchange(invite.token)
    t.match(session, { status: 200, body: { sessionToken: /^ist_[0-9A-Za-z]{50}$/ } })
    t.match(session.body.interview, { status: 'in_progress', questions: campaign.questions, answers: [] })
    t.match((await ask('GET', `/api/invites/${invite.id}`)).body, {
      status: 'started',
      interviewId: session.body.interview.id,
    })
    t.same(await desk.counts(campaign.id), { invited: 1, started: 1, completed: 0, expired: 0 })
    await t.resolveMatch(logged(String(session.headers['x-request-id'])), {
      path: '/api/embed/sessions',
      status: 200,
      credentialType: 'interview',
      reason: null,
    })
  })

  t.test('fifty tabs: one session', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    const tabs = await Promise.all(Array.from({ length: 50 }, () => desk.exchange(invite.token)))
    t.equal(tabs.filter(({ status }) => status === 200).length, 1)
    const refusals = tabs.filter(({ status }) => status !== 200)
    for (const { status, body } of refusals) {
      t.match([status, body.error.message], [401, 'Invalid invite'])
    }
    t.same(await desk.counts(campaign.id), { invited: 1, started: 1, completed: 0, expired: 0 })
    const { body } = await ask('GET', `/api/interviews?campaignId=${campaign.id}`)
    t.equal(body.interviews.length, 1)
  })

  t.test(
    'whatever is wrong with a token, the browser gets one answer, and the owner the reason',
    async (t) => {
      const campaign = await desk.campaign()
      const expired = await desk.invite(campaign.id, { expiresInHours: 1 })
      await desk.wait(HOUR)
      const [used, cancelled, replaced] = await Promise.all([1, 2, 3].map(() => desk.invite(campaign.id)))
      await desk.exchange(used.token)
      await ask('POST', `/api/invites/${cancelled.id}/cancel`)
      await ask('POST', `/api/invites/${replaced.id}/resend`)
      const pausedCampaign = await desk.campaign()
      const waiting = await desk.invite(pausedCampaign.id)
      await ask('PATCH', `/api/campaigns/${pausedCampaign.id}`, { status: 'paused' })
      const last = expired.token.at(-1) === '0' ? '1' : '0'
      const cases: [string, string | null, string][] = [
        ['expired', 'invite_expired', expired.token],
        ['used', 'invite_used', used.token],
        ['cancelled', 'invite_cancelled', cancelled.token],
        ['replaced', 'invite_replaced', replaced.token],
        ['of a paused campaign', 'campaign_paused', waiting.token],
        ['mistyped', null, `${expired.token.slice(0, -1)}${last}`],
        ['cut short', null, expired.token.slice(0, -1)],
        ['never issued', null, generateCredential('inv_').text],
        ['an API key', null, desk.tenant.key],
        ['nonsense', null, 'x'],
      ]
      const answers = new Set<string>()
      for (const [what, reason, token] of cases) {
        const { status, body, headers } = await desk.exchange(token)
        t.equal(status, 401, what)
        const { requestId, ...error } = body.error
        answers.add(JSON.stringify(error))
        if (reason === null) continue
        await t.resolveMatch(logged(String(headers['x-request-id'])), { status: 401, reason }, what)
      }
      t.equal(answers.size, 1, [...answers].join('\n'))
      await ask('PATCH', `/api/campaigns/${pausedCampaign.id}`, { status: 'active' })
      t.equal((await desk.exchange(waiting.token)).status, 200, 'the campaign goes on, and so do its invites')
    },
  )

  // The access log is written a moment after the answer.
  async function logged(requestId: string) {
    let found: Answer | undefined
    await until(async () => {
      found = await ask('GET', `/api/logs/${requestId}`)
      return found.status === 200
    }, `${requestId} to be in the log`)
    return found?.body
  }

  t.test('expiry is exact without any job, and told of once', async (t) => {
    const campaign = await desk.campaign({ inviteValidHours: 1 })
    const invite = await desk.invite(campaign.id)
    await desk.wait(HOUR - 60)
    t.equal(await statusOf(invite.id), 'pending')
    await desk.wait(60)
    t.equal(await statusOf(invite.id), 'expired')
    t.same(await desk.counts(campaign.id), { invited: 1, started: 0, completed: 0, expired: 1 })
    const { body } = await ask('GET', '/api/events?type=invite.expired')
    t.equal(body.events.filter(({ data }: { data: { id: string } }) => data.id === invite.id).length, 1)
    for (const verb of ['cancel', 'extend', 'resend']) {
      const answer = await ask(
        'POST',
        `/api/invites/${invite.id}/${verb}`,
        verb === 'extend' ? { hours: 1 } : undefined,
      )
      t.match(answer, { status: 409, body: { error: { message: /from expired to / } } }, verb)
    }
    const again = await desk.invite(campaign.id, { candidateId: invite.candidateId })
    t.equal((await desk.exchange(again.token)).status, 200, 're-invited')
  })

  t.test('extended by hours or to a time', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id, { expiresInHours: 1 })
    const extend = (body: unknown) => ask('POST', `/api/invites/${invite.id}/extend`, body)
    const extended = await extend({ hours: 3 })
    t.equal(extended.status, 200)
    t.equal(Date.parse(extended.body.expiresAt) - Date.parse(invite.expiresAt), 3 * HOUR * 1000)
    await desk.wait(2 * HOUR)
    t.equal(await statusOf(invite.id), 'pending')
    const at = new Date(Date.parse(invite.expiresAt) + 10 * HOUR * 1000).toISOString()
    t.match(await extend({ expiresAt: at }), { status: 200, body: { expiresAt: at } })
    for (const body of [
      {},
      { hours: 0 },
      { hours: 721 },
      { hours: 720 },
      { hours: 1, expiresAt: at },
      { expiresAt: '2001-01-01T00:00:00Z' },
      { expiresAt: '2099-01-01T00:00:00Z' },
      { expiresAt: 'tomorrow' },
    ]) {
      t.match(
        await extend(body),
        { status: 400, body: { error: { code: 'BAD_REQUEST' } } },
        JSON.stringify(body),
      )
    }
    t.equal((await desk.exchange(invite.token)).status, 200, 'by the same link')
    t.match(await extend({ hours: 1 }), {
      status: 409,
      body: { error: { message: /from started to pending/ } },
    })
  })

  t.test('cancelled', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    const cancel = (id: string) => ask('POST', `/api/invites/${id}/cancel`)
    t.match(await cancel(invite.id), { status: 200, body: { status: 'cancelled' } })
    t.match(await cancel(invite.id), { status: 200, body: { status: 'cancelled' } }, 'twice as well as once')
    const { invite: completed, browser } = await desk.begin()
    await browser('POST', '/interview/complete')
    t.match(await cancel(completed.id), {
      status: 409,
      body: { error: { message: "An invite can't go from completed to cancelled" } },
    })
    const other = await openDesk(server)
    t.equal((await other.ask('POST', `/api/invites/${invite.id}/cancel`)).status, 404)
    t.same(await desk.counts(campaign.id), { invited: 1, started: 0, completed: 0, expired: 0 })
  })

  t.test('resent in the midst of an interview: the same interview, another session', async (t) => {
    const { invite, interviewId, browser } = await desk.begin()
    await browser('PUT', '/interview/answers/why', { text: 'Because' })
    const resent = await ask('POST', `/api/invites/${invite.id}/resend`)
    t.match(resent, { status: 200, body: { id: invite.id, status: 'started', token: /^inv_/ } })
    t.equal((await browser('GET', '/interview')).status, 200, 'the session lives on until the link is used')
    const session = await desk.exchange(resent.body.token)
    t.match(session, {
      status: 200,
      body: { interview: { id: interviewId, answers: [{ text: 'Because' }] } },
    })
    t.equal((await browser('GET', '/interview')).status, 401, 'the session before has ended')
    const fresh = browserOf(server, session.body.sessionToken)
    t.equal((await fresh('POST', '/interview/complete')).status, 200)
    t.equal((await ask('POST', `/api/invites/${invite.id}/resend`)).status, 409)
  })

  t.test('an answer that was lost can be asked for again with the same Idempotency-Key', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    const headers = { 'idempotency-key': 'a browser’s own'.replace('’', "'") }
    const first = await desk.exchange(invite.token, headers)
    const again = await desk.exchange(invite.token, headers)
    t.equal(again.status, 200)
    t.same(again.body, first.body)
    t.equal(again.headers['idempotent-replayed'], 'true')
    t.equal((await desk.exchange(invite.token, { 'idempotency-key': 'another' })).status, 401)
    t.equal((await desk.exchange(invite.token)).status, 401)
    const other = await desk.invite((await desk.campaign()).id)
    t.equal((await desk.exchange(other.token, headers)).status, 200, 'another invite is another request')
  })

  t.test('who may be invited to what', async (t) => {
    const campaign = await desk.campaign()
    const url = `/api/campaigns/${campaign.id}/invites`
    const candidate = { email: 'Grace@Example.com', name: 'Grace' }
    const first = await ask('POST', url, { candidate })
    t.equal(first.status, 201)
    const twice = await ask('POST', url, { candidate: { ...candidate, email: 'grace@example.com' } })
    t.match(twice, { status: 409, body: { error: { message: new RegExp(first.body.id) } } })
    const { body: known } = await ask('GET', '/api/candidates?email=GRACE@example.com')
    t.match(known.candidates, [{ id: first.body.candidateId, email: 'grace@example.com' }])
    for (const body of [
      {},
      { candidate, candidateId: first.body.candidateId },
      { candidate: { email: 'x' } },
      { candidate, expiresInHours: 0 },
      { candidate, expiresInHours: 721 },
      { candidate, colour: 'red' },
    ]) {
      t.equal((await ask('POST', url, body)).status, 400, JSON.stringify(body))
    }
    for (const status of ['paused', 'completed', 'archived']) {
      const closed = await desk.campaign()
      await ask('PATCH', `/api/campaigns/${closed.id}`, { status })
      const answer = await ask('POST', `/api/campaigns/${closed.id}/invites`, { candidate })
      t.match(answer, { status: 409, body: { error: { message: new RegExp(status) } } })
    }
    const other = await openDesk(server)
    const theirs = await other.campaign()
    t.equal((await ask('POST', `/api/campaigns/${theirs.id}/invites`, { candidate })).status, 404)
    const mine = await other.ask('POST', `/api/campaigns/${theirs.id}/invites`, {
      candidateId: first.body.candidateId,
    })
    t.match(mine, { status: 404, body: { error: { message: 'Candidate not found' } } })
  })

  t.test('of two invitations of one candidate at once one is made', async (t) => {
    const campaign = await desk.campaign()
    const candidate = { email: 'twice@example.com', name: 'Twice' }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ask('POST', `/api/campaigns/${campaign.id}/invites`, { candidate })),
    )
    t.same(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(409)])
    t.equal((await desk.counts(campaign.id)).invited, 1)
  })

  t.test('lists are narrowed', async (t) => {
    const campaign = await desk.campaign()
    const [one, two] = [await desk.invite(campaign.id), await desk.invite(campaign.id)]
    await desk.exchange(two.token)
    const { body: candidate } = await ask('GET', `/api/candidates/${one.candidateId}`)
    const list = async (query: string) =>
      (await ask('GET', `/api/invites?campaignId=${campaign.id}&${query}`)).body.invites.map(
        ({ id }: { id: string }) => id,
      )
    t.same(await list(''), [two.id, one.id])
    t.same(await list('status=started'), [two.id])
    t.same(await list('status=pending'), [one.id])
    t.same(await list(`candidateId=${one.candidateId}`), [one.id])
    t.same(await list(`email=${candidate.email.toUpperCase()}`), [one.id])
    t.same(await list('email=nobody@example.com'), [])
    t.same(await list('limit=1'), [two.id])
    t.equal((await ask('GET', '/api/invites?status=unknown')).status, 400)
  })
})
