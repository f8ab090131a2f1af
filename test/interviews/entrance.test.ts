import postgres from 'postgres'
import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { type Answer, testApp } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'
import { until } from '../support/until.ts'

const HOUR = 3600
const CAREERS = 'https://careers.example.com'
const STRANGER = 'https://stranger.example'

t.test('how a candidate gets in, and back in', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { ask } = desk
  await ask('PATCH', '/api/organization', { allowedOrigins: [CAREERS] })
  // The hosted page: of the server's own origin, with whatever cookies it has.
  const hosted = (cookie?: string) => ({
    origin: 'http://localhost:80',
    host: 'localhost:80',
    ...(cookie ? { cookie } : {}),
  })
  const cookieOf = ({ headers }: Answer) => String(headers['set-cookie'] ?? '').split(';')[0] as string
  const statusOf = async (id: string) => (await ask('GET', `/api/invites/${id}`)).body.status
  const isInvalid = (answer: Answer, what: string) =>
    t.match(answer, { status: 401, body: { error: { message: 'Invalid invite' } } }, what)

  t.test('opening a link changes nothing, however often and whoever does it', async (t) => {
    const campaign = await desk.campaign({ language: 'de' })
    const invite = await desk.invite(campaign.id)
    const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
    t.teardown(() => sql.end())
    const rows = () => sql`
      select invites, invite_tokens, (select count(*) from events) as events, (select count(*) from interviews) as interviews
      from invites join invite_tokens on invite_tokens.invite_id = invites.id where invites.id = ${invite.id}`
    const before = await rows()
    for (const headers of [{}, hosted(), { origin: CAREERS }, { 'user-agent': 'SafeLinks' }]) {
      t.equal((await server.app.inject({ url: new URL(invite.url).pathname, headers })).statusCode, 200)
      const seen = await desk.preview(invite.token, headers)
      t.match(seen, {
        status: 200,
        body: {
          status: 'pending',
          returning: false,
          title: 'Campaign',
          language: 'de',
          organization: { name: 'Tenant' },
          questions: [{ kind: 'text' }, { kind: 'choice' }, { kind: 'text', timeLimitSeconds: 60 }],
          expiresAt: invite.expiresAt,
        },
      })
      t.notMatch(JSON.stringify(seen.body), /Why|Candi|@/, 'neither the questions nor the person')
    }
    t.same(await rows(), before)
    t.equal((await desk.exchange(invite.token)).status, 200, 'it begins when the candidate begins')
    t.equal(await statusOf(invite.id), 'started')
  })

  t.test('what can not begin is refused before it begins', async (t) => {
    const campaign = await desk.campaign()
    const used = await desk.invite(campaign.id)
    await desk.exchange(used.token)
    const paused = await desk.campaign()
    const waiting = await desk.invite(paused.id)
    await ask('PATCH', `/api/campaigns/${paused.id}`, { status: 'paused' })
    for (const [what, token] of [
      ['used', used.token],
      ['of a paused campaign', waiting.token],
      ['never issued', generateCredential('inv_').text],
      ['nonsense', 'x'],
    ]) {
      isInvalid(await desk.preview(token), what)
    }
    for (const browserToken of ['', 'x', used.token, `${generateCredential('ibt_').text.slice(0, -1)}-`]) {
      t.equal((await desk.exchange(waiting.token, {}, browserToken)).status, 400, browserToken)
    }
    const url = `/api/embed/preview?browserToken=${generateCredential('ibt_').text}`
    t.equal((await server.call('POST', url, { body: { invite: waiting.token } })).status, 400, 'not in a URL')
  })

  t.test('the same browser comes back by the same link, and no other one', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    const { body: seen } = await desk.preview(invite.token, { origin: CAREERS })
    t.match(seen.browserToken, /^ibt_/)
    const first = await desk.exchange(invite.token, { origin: CAREERS }, seen.browserToken)
    t.equal(first.status, 200)
    t.equal(first.headers['set-cookie'], undefined, 'no cookie for pages of other origins')
    const back = await desk.preview(invite.token, { origin: CAREERS }, seen.browserToken)
    t.match(back.body, { status: 'started', returning: true })
    const second = await desk.exchange(invite.token, { origin: CAREERS }, seen.browserToken)
    t.equal(second.body.interview.id, first.body.interview.id)
    const look = ({ body }: Answer) =>
      server.call('GET', '/api/embed/interview', {
        headers: { authorization: `Bearer ${body.sessionToken}` },
      })
    t.same([(await look(first)).status, (await look(second)).status], [401, 200], 'one session at a time')
    t.same(await desk.counts(campaign.id), { invited: 1, started: 1, completed: 0, expired: 0 })

    for (const [what, other] of [
      ['without a token', undefined],
      ['with another one', generateCredential('ibt_').text],
    ] as const) {
      isInvalid(await desk.preview(invite.token, {}, other), what)
      isInvalid(await desk.exchange(invite.token, {}, other), what)
    }
    t.equal((await look(second)).status, 200, 'who was refused has ended nothing')

    await desk.wait(23 * HOUR)
    const late = await desk.exchange(invite.token, { origin: CAREERS }, seen.browserToken)
    t.match(late, { status: 200, body: { interview: { status: 'paused' } } })
    await desk.wait(24 * HOUR)
    const gone = await desk.preview(invite.token, {}, seen.browserToken)
    t.match(gone.body, { status: 'abandoned', returning: true })
    t.match(await desk.exchange(invite.token, {}, seen.browserToken), {
      status: 409,
      body: { error: { code: 'CONFLICT', reason: 'interview_ended' } },
    })
  })

  t.test('on the hosted page a cookie proves it, which no script can read', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    const seen = await desk.preview(invite.token, hosted())
    t.match(seen.headers['set-cookie'], /^(__Host-)?anteroom-interview=ibt_\w+; .*HttpOnly.*SameSite=/)
    t.equal(seen.body.browserToken, undefined, 'and nothing else')
    const cookie = cookieOf(seen)
    t.equal((await desk.exchange(invite.token, hosted(cookie))).status, 200)
    t.match((await desk.preview(invite.token, hosted(cookie))).body, { status: 'started', returning: true })
    t.equal((await desk.exchange(invite.token, hosted(cookie))).status, 200)
    isInvalid(await desk.exchange(invite.token, hosted()), 'another browser')
    isInvalid(
      await desk.exchange(invite.token, { origin: CAREERS, cookie }),
      'a page of another origin is not helped by it',
    )
    const direct = await desk.invite(campaign.id)
    const begun = await desk.exchange(direct.token, hosted())
    t.equal((await desk.exchange(direct.token, hosted(cookieOf(begun)))).status, 200, 'without a look before')
    const both = await desk.invite(campaign.id)
    t.equal((await desk.exchange(both.token, hosted(cookie))).status, 200, 'one browser, two invites')
    const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
    t.teardown(() => sql.end())
    const kept = await sql`
      select browser_hash from invite_tokens where invite_id in ${sql([invite.id, both.id])}`
    t.equal(new Set(kept.map(({ browser_hash: hash }) => hash.toString('hex'))).size, 2)
    t.notMatch(JSON.stringify(kept), /ibt_/, 'kept as hashes that have nothing in common')
  })

  t.test('a newer link ends the way back of the one before, once it is used', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    const [mine, theirs] = [generateCredential('ibt_').text, generateCredential('ibt_').text]
    await desk.exchange(invite.token, {}, mine)
    const { body: resent } = await ask('POST', `/api/invites/${invite.id}/resend`, { sendEmail: false })
    t.equal((await desk.exchange(invite.token, {}, mine)).status, 200, 'not yet')
    t.match((await desk.preview(resent.token, {}, theirs)).body, { status: 'started', returning: false })
    t.equal((await desk.exchange(resent.token, {}, theirs)).status, 200)
    isInvalid(await desk.exchange(invite.token, {}, mine), 'the first browser')
    t.equal((await desk.exchange(resent.token, {}, theirs)).status, 200)
  })

  t.test('after completion the link says so, to the browser that completed it', async (t) => {
    const invite = await desk.invite((await desk.campaign()).id)
    const browserToken = generateCredential('ibt_').text
    const { body } = await desk.exchange(invite.token, {}, browserToken)
    const headers = { authorization: `Bearer ${body.sessionToken}` }
    await server.call('POST', '/api/embed/interview/complete', { headers })
    t.match(await desk.preview(invite.token, {}, browserToken), {
      status: 200,
      body: { status: 'completed', returning: true },
    })
    t.match(await desk.exchange(invite.token, {}, browserToken), {
      status: 409,
      body: { error: { reason: 'interview_completed' } },
    })
    isInvalid(await desk.preview(invite.token), 'another browser')
  })

  t.test('a page that is not listed reads why, and the owner too', async (t) => {
    const invite = await desk.invite((await desk.campaign()).id)
    const neighbour = await openDesk(server)
    await neighbour.ask('PATCH', '/api/organization', { allowedOrigins: ['https://neighbour.example'] })
    for (const origin of [STRANGER, 'https://neighbour.example', 'null']) {
      const asked = await server.app.inject({
        method: 'OPTIONS',
        url: '/api/embed/preview',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      })
      const readable = (value: unknown) => value === '*' || value === origin
      t.ok(readable(asked.headers['access-control-allow-origin']), `${origin} may ask`)
      const refused = await desk.preview(invite.token, { origin })
      t.match(refused, {
        status: 403,
        body: { error: { code: 'FORBIDDEN', reason: 'origin_not_allowed', message: new RegExp(origin) } },
      })
      t.ok(readable(refused.headers['access-control-allow-origin']), `${origin} may read the reason`)
      t.equal(refused.headers['access-control-allow-credentials'], undefined)
      t.equal(refused.headers['set-cookie'], undefined)
      t.equal(
        (await desk.exchange(invite.token, { origin })).headers['access-control-allow-origin'],
        undefined,
      )
      const requestId = String(refused.headers['x-request-id'])
      await until(async () => (await ask('GET', `/api/logs/${requestId}`)).status === 200, 'the log')
      const { body: logged } = await ask('GET', `/api/logs/${requestId}`)
      t.match(logged, { path: '/api/embed/preview', status: 403, reason: 'origin_not_allowed' })
    }
    t.equal(await statusOf(invite.id), 'pending')
  })
})

t.test('an organization ends interviews that are under way', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { ask } = desk
  const enter = async (campaignId: string) => {
    const invite = await desk.invite(campaignId)
    const browserToken = generateCredential('ibt_').text
    const { body } = await desk.exchange(invite.token, {}, browserToken)
    const headers = { authorization: `Bearer ${body.sessionToken}` }
    const put = (text: string) =>
      server.call('PUT', '/api/embed/interview/answers/why', { headers, body: { text } })
    t.equal((await put('Because')).status, 200)
    return { invite, browserToken, put, interviewId: body.interview.id }
  }
  const isOver = async ({ invite, browserToken, put, interviewId }: Awaited<ReturnType<typeof enter>>) => {
    t.equal((await put('Too late')).status, 401, 'its session is over')
    t.match((await desk.preview(invite.token, {}, browserToken)).body, {
      status: 'cancelled',
      returning: true,
    })
    t.match(await desk.exchange(invite.token, {}, browserToken), {
      status: 409,
      body: { error: { reason: 'interview_ended' } },
    })
    const { body } = await ask('GET', `/api/interviews/${interviewId}`)
    t.match(body, { status: 'abandoned', answers: [{ text: 'Because' }] }, 'what was sent stays')
    const { body: told } = await ask('GET', '/api/events?type=interview.abandoned')
    const events = told.events.filter(({ data }: { data: { id: string } }) => data.id === interviewId)
    t.equal(events.length, 1)
  }

  t.test('by cancelling the invite', async () => {
    const { id } = await desk.campaign()
    const [one, other] = [await enter(id), await enter(id)]
    t.match(await ask('POST', `/api/invites/${one.invite.id}/cancel`), { body: { status: 'cancelled' } })
    await isOver(one)
    t.equal((await other.put('Still here')).status, 200, 'and no other one')
    const candidateId = one.invite.candidateId
    t.equal((await ask('POST', `/api/campaigns/${id}/invites`, { candidateId })).status, 201, 'invited again')
  })

  for (const [what, archive] of [
    ['deleting the campaign', (id: string) => ask('DELETE', `/api/campaigns/${id}`)],
    ['archiving it', (id: string) => ask('PATCH', `/api/campaigns/${id}`, { status: 'archived' })],
  ] as const) {
    t.test(`by ${what}`, async () => {
      const { id } = await desk.campaign()
      const all = [await enter(id), await enter(id)]
      const elsewhere = await enter((await desk.campaign()).id)
      t.match(await archive(id), { status: 200, body: { status: 'archived' } })
      for (const one of all) await isOver(one)
      t.equal((await elsewhere.put('Still here')).status, 200)
    })
  }

  t.test('not by pausing or completing the campaign', async (t) => {
    for (const status of ['paused', 'completed']) {
      const { id } = await desk.campaign()
      const { put } = await enter(id)
      await ask('PATCH', `/api/campaigns/${id}`, { status })
      t.equal((await put('Still here')).status, 200, status)
    }
  })

  t.test('and what a crash left under way is ended by the sweep', async () => {
    const { id } = await desk.campaign()
    const one = await enter(id)
    const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
    await sql`update campaigns set status = 'archived' where id = ${id}`
    await sql.end()
    await desk.wait(1)
    await isOver(one)
  })
})
