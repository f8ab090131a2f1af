import postgres from 'postgres'
import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { testApp } from '../support/app.ts'
import { browserOf, openDesk } from '../support/interviews.ts'
import { testWorker } from '../support/mail.ts'
import { operationsOf } from '../support/operations.ts'
import { until } from '../support/until.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE

t.test('an interview, as the browser sees it', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { ask } = desk
  const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())

  t.test('answers: one by one, in any order, again and again until it is complete', async (t) => {
    const { campaign, invite, interviewId, browser } = await desk.begin()
    const put = (question: string, body: unknown) => browser('PUT', `/interview/answers/${question}`, body)
    t.equal((await put('how', { text: 'Slowly', durationSeconds: 61 })).status, 200)
    t.equal((await put('which', { choice: 'one' })).status, 200)
    t.equal((await put('which', { choice: 'other' })).status, 200)
    const twice = await Promise.all([put('why', { text: 'Because' }), put('why', { text: 'Because' })])
    t.same(
      twice.map(({ status }) => status),
      [200, 200],
    )
    const { body } = await browser('GET', '/interview')
    t.match(body.answers, [
      {
        questionId: 'why',
        prompt: 'Why?',
        kind: 'text',
        text: 'Because',
        durationSeconds: null,
        overTimeLimit: false,
      },
      { questionId: 'which', kind: 'choice', choice: 'other' },
      { questionId: 'how', text: 'Slowly', durationSeconds: 61, overTimeLimit: true },
    ])
    t.match(body, { language: 'en', organization: { name: 'Tenant' }, candidate: { name: 'Candi Date' } })
    t.same(body.questions, campaign.questions)

    for (const [question, wrong, status] of [
      ['why', {}, 400],
      ['why', { text: 'a', choice: 'one' }, 400],
      ['why', { choice: 'one' }, 400],
      ['why', { text: 7 }, 400],
      ['why', { text: 'a', more: 1 }, 400],
      ['why', { text: 'x'.repeat(20_001) }, 400],
      ['why', { text: 'a', durationSeconds: -1 }, 400],
      ['which', { choice: 'third' }, 400],
      ['which', { text: 'one' }, 400],
      ['nobody', { text: 'a' }, 404],
    ] as const) {
      t.equal(
        (await put(question, wrong)).status,
        status,
        `${question} ${JSON.stringify(wrong).slice(0, 40)}`,
      )
    }
    await ask('PATCH', `/api/campaigns/${campaign.id}`, {
      questions: [{ id: 'new', prompt: 'New?', kind: 'text' }],
    })
    t.equal((await put('new', { text: 'a' })).status, 404, 'what was asked stays what was asked')

    const done = await browser('POST', '/interview/complete')
    t.match(done, { status: 200, body: { status: 'completed', completedAt: /Z$/ } })
    t.match(await browser('POST', '/interview/complete'), {
      status: 200,
      body: { completedAt: done.body.completedAt },
    })
    t.match(await put('why', { text: 'late' }), { status: 409, body: { error: { message: /completed/ } } })
    for (const [verb, to] of [
      ['pause', 'paused'],
      ['resume', 'in_progress'],
    ]) {
      t.match(await browser('POST', `/interview/${verb}`), {
        status: 409,
        body: { error: { message: `An interview can't go from completed to ${to}` } },
      })
    }
    const seen = await ask('GET', `/api/interviews/${interviewId}`)
    t.match(seen.body, {
      status: 'completed',
      inviteId: invite.id,
      answers: { length: 3 },
      title: 'Campaign',
    })
    t.same((await ask('GET', `/api/interviews?inviteId=${invite.id}`)).body.interviews, [seen.body])
    t.same((await ask('GET', '/api/interviews?status=completed')).body.interviews, [seen.body])
    t.same((await ask('GET', '/api/interviews?status=abandoned')).body.interviews, [])
  })

  t.test('silence: paused after half an hour, abandoned after a day, whoever looks first', async (t) => {
    const begun = performance.now()
    const { invite, interviewId, browser } = await desk.begin()
    // Half an hour by the organization's clock, and the moments that this test has taken itself.
    const isHalfAnHour = ({ durationSeconds }: { durationSeconds: number }, what: string) => {
      const own = Math.ceil((performance.now() - begun) / 1000)
      const counted = durationSeconds - 30 * MINUTE
      t.ok(counted >= 0 && counted <= own, `${what}: ${durationSeconds} s`)
    }
    const status = async () => (await ask('GET', `/api/interviews/${interviewId}`)).body.status
    await desk.wait(20 * MINUTE)
    await browser('GET', '/interview')
    await desk.wait(29 * MINUTE)
    t.equal(await status(), 'in_progress', 'each request is a sign of life')
    await desk.wait(MINUTE)
    t.equal(await status(), 'paused')
    await desk.wait(5 * HOUR)
    t.match(await browser('PUT', '/interview/answers/why', { text: 'Back' }), {
      body: { status: 'in_progress' },
    })
    await desk.wait(10 * MINUTE)
    const { body: paused } = await browser('POST', '/interview/pause')
    t.equal(paused.status, 'paused')
    isHalfAnHour(paused, 'silence is left out')
    await desk.wait(HOUR)
    t.match(await browser('POST', '/interview/resume'), { body: { status: 'in_progress' } })
    isHalfAnHour((await browser('GET', '/interview')).body, 'and so are pauses')
    await desk.wait(24 * HOUR)
    t.equal(await status(), 'abandoned')
    t.equal((await browser('GET', '/interview')).status, 401, 'and the session is over')
    const types = (await ask('GET', '/api/events')).body.events
      .filter(({ data }: { data: { id: string } }) => data.id === interviewId)
      .map(({ type }: { type: string }) => type)
    t.same(types.reverse(), [
      'interview.started',
      'interview.paused',
      'interview.paused',
      'interview.paused',
      'interview.abandoned',
    ])
    t.equal((await ask('POST', `/api/invites/${invite.id}/resend`)).status, 409)
    const again = await desk.invite(invite.campaignId, { candidateId: invite.candidateId })
    t.equal((await desk.exchange(again.token)).status, 200, 'they can be invited again')
  })

  t.test('events tell who and when, and not what was said', async (t) => {
    const { interviewId, browser } = await desk.begin()
    await browser('PUT', '/interview/answers/why', { text: 'My secret' })
    await browser('POST', '/interview/complete')
    const { body } = await ask('GET', '/api/events?type=interview.completed')
    const event = body.events.find(({ data }: { data: { id: string } }) => data.id === interviewId)
    t.match(event.data, { id: interviewId, status: 'completed', durationSeconds: Number })
    t.notOk(JSON.stringify(body).includes('My secret'))
  })

  t.test('a session opens its interview and nothing else; nothing else opens it', async (t) => {
    const { browser: mine } = await desk.begin()
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    const session = await desk.exchange(invite.token)
    const { sessionToken } = session.body
    const headers = { authorization: `Bearer ${sessionToken}` }
    await server.app.ready()
    for (const operation of operationsOf(server.app)) {
      if (operation.access === 'public' || operation.access === 'interview') continue
      const body = operation.body()
      const answer = await server.call(operation.method, operation.url(), {
        headers,
        ...(body === undefined ? {} : { body }),
      })
      t.equal(answer.status, 403, operation.name)
    }
    t.equal((await server.call('GET', '/api/embed/interview', { headers: desk.tenant.auth })).status, 403)
    t.equal((await server.call('GET', '/api/embed/interview')).status, 401)
    const pair = { 'x-api-key': desk.tenant.key, authorization: `Bearer ${sessionToken}` }
    t.equal((await server.call('GET', '/api/embed/interview', { headers: pair })).status, 401)
    t.equal((await browserOf(server, generateCredential('ist_').text)('GET', '/interview')).status, 401)
    t.equal((await browserOf(server, `${sessionToken}x`)('GET', '/interview')).status, 401)
    const url = await server.call('GET', `/api/embed/interview?token=${sessionToken}`, { headers })
    t.equal(url.status, 400, 'no credential in a URL')
    t.equal((await mine('GET', '/interview')).status, 200)
    const [kept] = await sql`select hash from interview_sessions where hash = ${sha256(sessionToken)}`
    t.ok(kept, 'kept as its SHA-256')
    const tables = await sql<{ name: string }[]>`
      select relname as name from pg_class where relnamespace = 'sandbox'::regnamespace and relkind in ('r', 'p')`
    for (const { name } of tables) {
      const [row] = await sql`select count(*)::int as hits from ${sql(name)} as kept
        where kept::text ~ ${`${sessionToken.slice(4)}|${invite.token.slice(4)}`}`
      t.equal(row?.hits, 0, name)
    }
  })

  t.test('the job writes down what nobody looks at', async (t) => {
    const { invite, interviewId } = await desk.begin()
    const pending = await desk.invite(invite.campaignId, { expiresInHours: 1 })
    // Not by the clock's route, which writes it down itself.
    await sql`update interviews set active_at = active_at - interval '25 hours' where id = ${interviewId}`
    await sql`update invites set expires_at = created_at - interval '1 second' where id = ${pending.id}`
    t.match(await desk.counts(invite.campaignId), { expired: 1 }, 'exact without it')
    await testWorker(t, server)
    await server.app.jobs.add(sql, 'expiries', {})
    await until(async () => {
      const rows = await sql`
        select id from invites where id = ${pending.id} and status = 'expired'
        union all select id from interviews where id = ${interviewId} and status = 'abandoned'`
      return rows.length === 2
    }, 'both to be written down')
    t.match(await desk.counts(invite.campaignId), { expired: 1 })
  })
})
