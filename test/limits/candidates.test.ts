import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { type Answer, testApp } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'

// The candidates of an office come from one address. What one browser does wrong there must not lock the others out.

const ADDRESS = '203.0.113.20'
const LIMIT = 600
const BAD_INVITES = 600

t.test('a browser that asks without end stops itself, and nobody else of its office', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { id } = await desk.campaign()
  const post = (path: string, body: object): Promise<Answer> =>
    server.call('POST', `/api/embed/${path}`, { body, address: ADDRESS })
  const enter = async () => {
    const { token: invite } = await desk.invite(id)
    const { sessionToken } = (await post('sessions', { invite })).body
    const ask = (): Promise<Answer> =>
      server.call('GET', '/api/embed/interview', {
        headers: { authorization: `Bearer ${sessionToken}` },
        address: ADDRESS,
      })
    return { invite, ask }
  }
  const noisy = await enter()
  const calm = await enter()

  // All at once, so that they come within one minute however busy the machine is.
  const many = async (ask: () => Promise<Answer>) => {
    const answers = await Promise.all(Array.from({ length: LIMIT + 20 }, ask))
    return answers.filter(({ status }) => status === 429)
  }

  t.test('with its session', async (t) => {
    t.equal((await noisy.ask()).headers['x-ratelimit-limit'], String(LIMIT))
    const refused = await many(noisy.ask)
    t.ok(refused.length >= 20)
    t.match(refused[0], {
      headers: { 'retry-after': /^\d+$/ },
      body: { error: { reason: 'rate_limited' } },
    })
    t.equal((await calm.ask()).status, 200, 'another interview goes on')
    t.equal((await (await enter()).ask()).status, 200, 'and another one begins')
  })

  t.test('with its invite', async (t) => {
    const refused = await many(() => post('preview', { invite: noisy.invite }))
    t.ok(refused.length >= 20)
    t.equal((await post('preview', { invite: (await desk.invite(id)).token })).status, 200)
  })
})

t.test('of the bad invites of a network the later ones get 429, and a good one passes', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { id } = await desk.campaign()
  const { token } = await desk.invite(id)
  const preview = (invite: string): Promise<Answer> =>
    server.call('POST', '/api/embed/preview', { body: { invite }, address: ADDRESS })
  const bad = await Promise.all(Array.from({ length: BAD_INVITES }, (_, sent) => preview(`inv_${sent}`)))
  t.ok(bad.every(({ status }) => status === 401))
  const unknown = await preview(generateCredential('inv_').text)
  t.match(unknown, { status: 429, body: { error: { reason: 'too_many_failures' } } })
  t.equal((await preview(token)).status, 200)
})
