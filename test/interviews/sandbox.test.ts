import postgres from 'postgres'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'

t.test('the sandbox', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { ask } = desk

  t.test("an organization's own time", async (t) => {
    const neighbour = await openDesk(server)
    const before = await ask('GET', '/api/sandbox/clock')
    t.match(before, { status: 200, body: { offsetSeconds: 0 } })
    const day = 86_400
    const moved = await ask('POST', '/api/sandbox/clock', { advanceSeconds: day })
    t.match(moved, { status: 200, body: { offsetSeconds: day } })
    t.ok(Date.parse(moved.body.now) - Date.parse(before.body.now) >= day * 1000)
    t.match(await neighbour.ask('GET', '/api/sandbox/clock'), { body: { offsetSeconds: 0 } })
    for (const advanceSeconds of [0, -1, 1.5, '60', null, 1e12]) {
      t.equal(
        (await ask('POST', '/api/sandbox/clock', { advanceSeconds })).status,
        400,
        String(advanceSeconds),
      )
    }
    const invite = await desk.invite((await desk.campaign()).id)
    t.ok(Date.parse(invite.createdAt) >= Date.parse(moved.body.now), 'what is made then is made at that time')
    const ten = await ask('POST', '/api/sandbox/clock', { advanceSeconds: 316_224_000 })
    t.match(ten, { status: 400, body: { error: { message: /ten years/ } } })
    const expiresAt = new Date(Date.now() + 2 * day * 1000).toISOString()
    const { body: key } = await ask('POST', '/api/keys', { name: 'Short', expiresAt })
    const whoami = () =>
      server.call('GET', '/api/whoami', { headers: { authorization: `Bearer ${key.key}` } })
    t.equal((await whoami()).status, 200)
    await ask('POST', '/api/sandbox/clock', { advanceSeconds: day })
    t.equal((await whoami()).status, 401, 'a key ends by that time too')
    t.match(await ask('GET', `/api/keys/${key.id}`), { body: { status: 'expired' } })
    t.match(await ask('DELETE', '/api/sandbox/clock'), { status: 200, body: { offsetSeconds: 0 } })
    t.equal((await whoami()).status, 200)
  })

  t.test('an interview is answered as a candidate would', async (t) => {
    const campaign = await desk.campaign({
      questions: [
        { id: 'text', prompt: 'Why?', kind: 'text' },
        { id: 'choice', prompt: 'Which?', kind: 'choice', options: ['one', 'other'] },
        { id: 'audio', prompt: 'Tell us', kind: 'audio' },
        { id: 'video', prompt: 'Show us', kind: 'video' },
      ],
    })
    const simulate = (id: string) => ask('POST', `/api/sandbox/interviews/${id}/simulate`)
    const waiting = await desk.invite(campaign.id)
    const keyed = () =>
      server.call('POST', `/api/sandbox/interviews/${waiting.id}/simulate`, {
        headers: { ...desk.tenant.auth, 'idempotency-key': 'simulate it' },
      })
    const whole = await keyed()
    t.same((await keyed()).body, whole.body, 'asked again with its key it is not done again')
    t.match(whole, { status: 200, body: { status: 'completed', inviteId: waiting.id } })
    t.match(whole.body.answers, [
      { questionId: 'text', text: /\w+/ },
      { questionId: 'choice', choice: /one|other/ },
      { questionId: 'audio', file: { contentType: 'audio/wav' } },
      { questionId: 'video', file: { contentType: 'video/webm' } },
    ])
    t.ok(whole.body.completedAt >= whole.body.answers[3].answeredAt, 'in the order of time')
    const recording = await server.app.inject(
      new URL(whole.body.answers[2].file.url).pathname.concat(new URL(whole.body.answers[2].file.url).search),
    )
    t.equal(recording.statusCode, 200)
    t.equal(recording.rawPayload.subarray(0, 4).toString(), 'RIFF')
    const events = (await ask('GET', '/api/events')).body.events.map(({ type }: { type: string }) => type)
    t.match(events.slice(0, 2), ['interview.completed', 'interview.started'])
    t.same(await desk.counts(campaign.id), { invited: 1, started: 1, completed: 1, expired: 0 })
    t.equal((await desk.exchange(waiting.token)).status, 401)

    const { interviewId, browser } = await desk.begin()
    await browser('PUT', '/interview/answers/why', { text: 'In my own words' })
    const half = await simulate(interviewId)
    t.match(half.body.answers, [{ text: 'In my own words' }, {}, {}], 'what was answered stays')
    t.equal((await simulate(interviewId)).status, 409)
    const cancelled = await desk.invite(campaign.id)
    await ask('POST', `/api/invites/${cancelled.id}/cancel`)
    t.match(await simulate(cancelled.id), {
      status: 409,
      body: { error: { message: /from cancelled to started/ } },
    })
    const neighbour = await openDesk(server)
    t.equal((await neighbour.ask('POST', `/api/sandbox/interviews/${interviewId}/simulate`)).status, 404)

    await ask('PATCH', '/api/organization', { mediaRetentionDays: 30 })
    await ask('POST', '/api/sandbox/clock', { advanceSeconds: 29 * 86_400 })
    const kept = await ask('GET', `/api/interviews/${whole.body.id}`)
    t.ok(kept.body.answers[2].file)
    await ask('POST', '/api/sandbox/clock', { advanceSeconds: 86_400 })
    const gone = await ask('GET', `/api/interviews/${whole.body.id}`)
    t.match(
      gone.body.answers,
      [{ text: /\w+/ }, { choice: /o/ }, { file: null }, { file: null }],
      'recordings go, text stays',
    )
  })

  t.test('a reset leaves people, keys, endpoints and settings, and nothing else', async (t) => {
    const desk = await openDesk(server)
    const { ask } = desk
    const neighbour = await openDesk(server)
    const theirs = await neighbour.begin()
    const { browser } = await desk.begin()
    await browser('PUT', '/interview/answers/why', { text: 'Because' })
    const spoken = await desk.campaign({ questions: [{ prompt: 'Tell us', kind: 'audio' }] })
    await ask('POST', `/api/sandbox/interviews/${(await desk.invite(spoken.id)).id}/simulate`)
    await ask('POST', '/api/sandbox/clock', { advanceSeconds: 60 })
    const reset = await ask('POST', '/api/sandbox/reset')
    t.match(reset, { status: 200, body: { deleted: { answers: 2, interviews: 2, files: 1 } } })
    for (const [path, plural] of [
      ['campaigns', 'campaigns'],
      ['candidates', 'candidates'],
      ['invites', 'invites'],
      ['interviews', 'interviews'],
      ['events', 'events'],
    ] as const) {
      t.same((await ask('GET', `/api/${path}`)).body[plural], [], path)
    }
    t.equal((await browser('GET', '/interview')).status, 401)
    t.match(await ask('GET', '/api/sandbox/clock'), { body: { offsetSeconds: 0 } })
    t.equal((await ask('GET', '/api/keys')).body.keys.length, 1)
    t.equal((await ask('GET', '/api/members')).body.members.length, 1)
    t.match((await ask('GET', '/api/audit')).body.audit[0], { action: 'sandbox.reset' })
    t.equal((await theirs.browser('GET', '/interview')).status, 200, 'a neighbour has everything still')
    t.match(await ask('POST', '/api/sandbox/reset'), { status: 200, body: { deleted: { campaigns: 0 } } })
  })
})

t.test("production has none of the sandbox's tools", async (t) => {
  const server = await testApp(t, {
    ANTEROOM_ENV: 'production',
    ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    SIGNUP: 'open',
    SMTP_URL: 'smtp://127.0.0.1:1',
    PUBLIC_URL: 'https://anteroom.example',
  })
  const tenant = await server.tenant()
  for (const [method, path] of [
    ['GET', 'clock'],
    ['POST', 'clock'],
    ['POST', 'reset'],
    ['POST', 'interviews/int_01jd8m3k5ve2pt7c9x4hw6qa0z/simulate'],
  ] as const) {
    const answer = await server.call(method, `/api/sandbox/${path}`, {
      headers: tenant.auth,
      ...(method === 'POST' ? { body: {} } : {}),
    })
    t.match(answer, { status: 404, body: { error: { code: 'NOT_FOUND' } } }, path)
  }
  const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'production' } })
  t.teardown(() => sql.end())
  await t.rejects(
    sql`update organizations set clock_offset_seconds = 1`,
    { code: '23514' },
    'time stands where it is',
  )
})
