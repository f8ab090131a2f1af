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
    t.match(await ask('DELETE', '/api/sandbox/clock'), { status: 200, body: { offsetSeconds: 0 } })
  })

  t.test('a reset leaves people, keys, endpoints and settings, and nothing else', async (t) => {
    const neighbour = await openDesk(server)
    const theirs = await neighbour.begin()
    const { browser } = await desk.begin()
    await browser('PUT', '/interview/answers/why', { text: 'Because' })
    await ask('POST', '/api/sandbox/clock', { advanceSeconds: 60 })
    const reset = await ask('POST', '/api/sandbox/reset')
    t.match(reset, { status: 200, body: { deleted: { answers: 1, interviews: 1, files: 0 } } })
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
})
