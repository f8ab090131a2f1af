import t from 'tap'
import { testApp } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'
import { operationsOf } from '../support/operations.ts'

const HOME = 'https://careers.example.com'
const ELSEWHERE = 'https://elsewhere.example'

t.test('pages of other origins', async (t) => {
  const server = await testApp(t)
  const { app } = server
  const desk = await openDesk(server)
  const neighbour = await openDesk(server)
  await desk.ask('PATCH', '/api/organization', { allowedOrigins: [HOME] })
  await neighbour.ask('PATCH', '/api/organization', { allowedOrigins: ['https://neighbour.example'] })
  const allowed = (headers: Record<string, unknown>) => headers['access-control-allow-origin']
  const preflight = (url: string, origin: string, method = 'POST') =>
    app.inject({
      method: 'OPTIONS',
      url,
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type',
      },
    })

  t.test('a preflight is answered for an origin that somebody lists, exactly', async (t) => {
    for (const url of [
      '/api/embed/sessions',
      '/api/embed/interview',
      '/api/embed/interview/answers/why',
      '/api/embed/interview/complete',
    ]) {
      const answer = await preflight(url, HOME, 'PUT')
      t.equal(answer.statusCode, 204, url)
      t.equal(allowed(answer.headers), HOME)
      t.match(answer.headers['access-control-allow-methods'], /PUT/)
      t.match(answer.headers['access-control-allow-headers'], /Authorization.*Content-Type/)
      t.match(answer.headers.vary, /Origin/i)
      t.equal(answer.headers['access-control-allow-credentials'], undefined)
    }
    for (const origin of [
      ELSEWHERE,
      'https://careers.example.com.evil.example',
      'http://careers.example.com',
      'https://careers.example.com:444',
      `${HOME}/`,
      'https://CAREERS.example.com',
      'null',
      '*',
      '',
      "https://careers.example.com'}",
    ]) {
      const answer = await preflight('/api/embed/sessions', origin)
      t.equal(allowed(answer.headers), undefined, origin)
      t.not(answer.statusCode, 500, origin)
    }
  })

  t.test('a request is held to the origins of its own organization', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    for (const origin of [ELSEWHERE, 'https://neighbour.example', 'null']) {
      const refused = await desk.exchange(invite.token, { origin })
      t.match(refused, { status: 403, body: { error: { code: 'FORBIDDEN' } } }, origin)
      t.equal(allowed(refused.headers), undefined, origin)
    }
    t.match(
      await desk.ask('GET', `/api/invites/${invite.id}`),
      { body: { status: 'pending' } },
      'not used up',
    )
    const session = await desk.exchange(invite.token, { origin: HOME })
    t.equal(session.status, 200)
    t.equal(allowed(session.headers), HOME)
    t.match(session.headers.vary, /Origin/i)

    const authorization = `Bearer ${session.body.sessionToken}`
    const look = (headers: Record<string, string>) =>
      server.call('GET', '/api/embed/interview', { headers: { authorization, ...headers } })
    const seen = await look({ origin: HOME })
    t.match([seen.status, allowed(seen.headers)], [200, HOME])
    const stranger = await look({ origin: 'https://neighbour.example' })
    t.match([stranger.status, allowed(stranger.headers)], [403, undefined])
    const none = await look({})
    t.match([none.status, allowed(none.headers)], [200, undefined], 'who is no browser sends no origin')
    const own = await look({ origin: 'http://localhost:80', host: 'localhost:80' })
    t.equal(own.status, 200, 'the hosted page is of the same origin')
    t.equal(allowed(own.headers), undefined)
  })

  t.test('a refusal can be read where the page may ask', async (t) => {
    const refused = await desk.exchange('inv_mistyped', { origin: HOME })
    t.match([refused.status, allowed(refused.headers)], [401, HOME])
  })

  t.test('an origin that is taken back may ask no more', async (t) => {
    const campaign = await desk.campaign()
    const invite = await desk.invite(campaign.id)
    await desk.ask('PATCH', '/api/organization', { allowedOrigins: [] })
    const refused = await desk.exchange(invite.token, { origin: HOME })
    t.match([refused.status, allowed(refused.headers)], [403, undefined])
    t.equal(allowed((await preflight('/api/embed/sessions', HOME)).headers), undefined)
    await desk.ask('PATCH', '/api/organization', { allowedOrigins: [HOME] })
  })

  t.test('nothing else is open to browsers', async (t) => {
    // The SDK itself is a public file, which pages load from anywhere.
    const others = operationsOf(app).filter(({ name }) => !/ \/(api\/embed\/|sdk)/.test(name))
    t.ok(others.length > 50)
    for (const operation of others) {
      const url = operation.url()
      const asked = await app.inject({
        method: operation.method,
        url,
        headers: { ...desk.tenant.auth, origin: HOME },
      })
      t.equal(allowed(asked.headers), undefined, operation.name)
      t.equal(allowed((await preflight(url, HOME, operation.method)).headers), undefined, operation.name)
    }
    for (const url of ['/healthz', '/status', '/docs', '/openapi.json', '/dashboard', '/api/embeds']) {
      t.equal(allowed((await preflight(url, HOME, 'GET')).headers), undefined, url)
    }
  })

  t.test(
    'an invite may be asked about six hundred times a minute, and candidates take nothing from the organization',
    async (t) => {
      // An address and an organization that nobody has asked from: their minute begins here.
      const crowd = await openDesk(server)
      await crowd.ask('PATCH', '/api/organization', { allowedOrigins: [HOME] })
      const { token } = await crowd.invite((await crowd.campaign()).id)
      const used = async () => {
        const { headers } = await crowd.ask('GET', '/api/whoami')
        return Number(headers['x-ratelimit-limit']) - Number(headers['x-ratelimit-remaining'])
      }
      const usedBefore = await used()
      const remoteAddress = '192.0.2.7'
      const exchange = (invite: string, headers: Record<string, string> = {}) =>
        app.inject({
          method: 'POST',
          url: '/api/embed/sessions',
          remoteAddress,
          headers,
          payload: { invite },
        })
      const session = await exchange(token)
      t.match(session.headers, { 'x-ratelimit-limit': '600', 'x-ratelimit-remaining': '599' })
      const authorization = `Bearer ${session.json().sessionToken}`
      const look = () =>
        app.inject({ url: '/api/embed/interview', remoteAddress, headers: { authorization } })
      const looks = await Promise.all(Array.from({ length: 20 }, look))
      t.ok(looks.every(({ statusCode }) => statusCode === 200))
      // What is refused counts as well, and costs next to nothing.
      const refused = await Promise.all(Array.from({ length: 600 }, () => exchange('inv_x')))
      t.ok(refused.every(({ statusCode }) => statusCode === 401))
      const limited = await exchange('inv_x', { origin: HOME })
      t.match(limited, { statusCode: 429, headers: { 'retry-after': /\d+/ } })
      t.match(limited.json(), { error: { code: 'RATE_LIMITED' } })
      t.equal(allowed(limited.headers), HOME, 'which the page may read')
      t.ok((await used()) <= usedBefore + 1, 'of the organization only what it asked itself')
    },
  )
})
