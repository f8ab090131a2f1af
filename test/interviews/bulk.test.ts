import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import t from 'tap'
import { workThroughBulk } from '../../operations/invite-bulks/work.ts'
import { type Answer, type Body, testApp } from '../support/app.ts'
import { csvOfPeople, sendCsv } from '../support/bulk.ts'
import { type Desk, openDesk } from '../support/interviews.ts'
import { mailServer, testWorker } from '../support/mail.ts'
import { until } from '../support/until.ts'

t.test('files of candidates', async (t) => {
  const smtp = await mailServer(t)
  const server = await testApp(t, { SMTP_URL: smtp.url })
  const desk = await openDesk(server)
  const send = (
    campaignId: string,
    csv: string,
    fields: Record<string, string> = { sendEmail: 'false' },
    { of = desk, headers = {} }: { of?: Desk; headers?: Record<string, string> } = {},
  ): Promise<Answer> => sendCsv(server, { ...of.tenant.auth, ...headers }, campaignId, csv, fields)
  const sendJsonField = async (campaignId: string, name: string, json: string) => {
    const part = (head: string, content: string) =>
      `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`
    const field = part(`name="${name}"\r\nContent-Type: application/json`, json)
    const response = await server.app.inject({
      method: 'POST',
      url: `/api/campaigns/${campaignId}/invites/bulk`,
      headers: { ...desk.tenant.auth, 'content-type': 'multipart/form-data; boundary=x' },
      payload: `${field}${part('name="file"; filename="a.csv"', csvOfPeople(1))}--x--\r\n`,
    })
    return { status: response.statusCode, body: response.json() }
  }

  t.test('a small one is done at once, each row whole or an error', async (t) => {
    const campaign = await desk.campaign()
    const csv =
      'name,email\nAda,ada@example.com\nNobody,nowhere\nAgain,ADA@example.com\nBob,bob@example.com\n'
    const { status, body } = await send(campaign.id, csv, { sendEmail: 'false', expiresInHours: '5' })
    t.equal(status, 200)
    t.match(body.results, [
      {
        row: 2,
        email: 'ada@example.com',
        status: 'invited',
        inviteId: /^inv_/,
        token: /^inv_/,
        url: /#inv_/,
      },
      { row: 3, email: 'nowhere', status: 'error', error: { code: 'BAD_REQUEST' } },
      { row: 4, email: 'ADA@example.com', status: 'error', error: { code: 'CONFLICT' } },
      { row: 5, email: 'bob@example.com', status: 'invited', inviteId: /^inv_/ },
    ])
    t.equal((await desk.counts(campaign.id)).invited, 2)
    t.equal((await desk.exchange(body.results[0].token)).status, 200)
    const invite = (await desk.ask('GET', `/api/invites/${body.results[3].inviteId}`)).body
    t.equal(Date.parse(invite.expiresAt) - Date.parse(invite.createdAt), 5 * 3_600_000)
    const again = await send(campaign.id, csv)
    t.ok(
      again.body.results.every((result: Body) => result.status === 'error'),
      'the same file once more',
    )
    t.equal((await desk.counts(campaign.id)).invited, 2)
  })

  t.test('what can be refused whole is refused whole', async (t) => {
    const campaign = await desk.campaign()
    t.equal((await send(campaign.id, csvOfPeople(1), { sendEmail: 'perhaps' })).status, 400)
    t.equal((await send(campaign.id, csvOfPeople(1), { expiresInHours: '721' })).status, 400)
    t.equal((await send(campaign.id, csvOfPeople(1), { colour: 'red' })).status, 400)
    t.match(await sendJsonField(campaign.id, 'expiresInHours', '24.0000000000000000001'), {
      status: 400,
      body: { error: { details: [{ path: 'body.expiresInHours' }] } },
    })
    t.equal((await send(campaign.id, csvOfPeople(1001))).status, 400)
    t.equal((await send(campaign.id, `email,name\n${'x'.repeat(1_100_000)}`)).status, 413)
    t.equal((await send(campaign.id, csvOfPeople(2), undefined, { of: await openDesk(server) })).status, 404)
    await desk.ask('PATCH', `/api/campaigns/${campaign.id}`, { status: 'paused' })
    t.equal((await send(campaign.id, csvOfPeople(1))).status, 409)
    t.equal((await send(campaign.id, csvOfPeople(101))).status, 409)
    t.equal((await desk.ask('POST', `/api/campaigns/${campaign.id}/invites/bulk`, {})).status, 415)
    t.equal((await desk.counts(campaign.id)).invited, 0)
  })

  t.test('an Idempotency-Key stands for the content', async (t) => {
    const campaign = await desk.campaign()
    const options = { headers: { 'idempotency-key': 'a file' } }
    const first = await send(campaign.id, csvOfPeople(3), undefined, options)
    const again = await send(campaign.id, csvOfPeople(3), undefined, options)
    t.same(again.body, first.body)
    t.equal(again.headers['idempotent-replayed'], 'true')
    t.equal((await send(campaign.id, csvOfPeople(4), undefined, options)).status, 422)
  })

  t.test('two files at once, with people in common', async (t) => {
    const campaign = await desk.campaign()
    const lines = csvOfPeople(60, 500).trim().split('\n')
    const reversed = [lines[0], ...lines.slice(1).reverse()].join('\n')
    const [one, other] = await Promise.all([send(campaign.id, lines.join('\n')), send(campaign.id, reversed)])
    t.same([one.status, other.status], [200, 200])
    t.equal((await desk.counts(campaign.id)).invited, 60)
  })

  t.test('one that dies in the midst goes on, and invites nobody twice', async (t) => {
    const campaign = await desk.campaign()
    const queued = await send(campaign.id, csvOfPeople(400, 1000))
    t.match(queued, {
      status: 202,
      body: {
        id: /^blk_/,
        status: 'queued',
        counts: { total: 400, done: 0 },
        results: [],
        completedAt: null,
      },
    })
    const url = `/api/invites/bulk/${queued.body.id}`
    t.equal(queued.headers.location, url)
    t.equal((await (await openDesk(server)).ask('GET', url)).status, 404)

    // Of row 201 there is a candidate in a transaction that does not end: there the process stands until it is killed.
    const HALFWAY = 200
    const { organizationId } = desk.tenant
    const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
    const inTheWay = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
    t.teardown(() => Promise.all([sql.end(), inTheWay.end()]))
    await inTheWay`begin`
    await inTheWay`
      insert into candidates (organization_id, id, email, name, metadata, search_text)
      values (${organizationId}, 'cnd_in_the_way', ${`p${1000 + HALFWAY}@bulk.example`}, 'In the way', '{}', '')`

    const program = fileURLToPath(new URL('./bulk-process.ts', import.meta.url))
    const key = server.app.encryptionKey.toString('hex')
    const parts = [program, server.logins.system, organizationId, queued.body.id, key]
    const child = spawn(process.execPath, parts)
    const ended = once(child, 'exit')
    await until(async () => (await desk.ask('GET', url)).body.counts.done === HALFWAY, 'half of the rows')
    child.kill('SIGKILL')
    await ended
    await inTheWay`rollback`
    const [halfway] = await sql`select jsonb_array_length(results) as done from invite_bulks`
    t.equal(halfway?.done, HALFWAY, 'what it was at work on when it was killed is not done')
    t.equal((await desk.counts(campaign.id)).invited, HALFWAY, 'what is counted is what is there')

    const { app } = server
    await Promise.all([
      workThroughBulk(app, organizationId, queued.body.id),
      workThroughBulk(app, organizationId, queued.body.id),
    ])
    const [row] = await sql`
      select status, rows, jsonb_array_length(results) as done,
        (select count(distinct candidate_id)::int from invites where campaign_id = ${campaign.id}) as people
      from invite_bulks`
    t.match(row, { status: 'completed', rows: null, done: 400, people: 400 })
    t.equal((await desk.counts(campaign.id)).invited, 400)
  })

  t.test('the worker does it, and mails each one', async (t) => {
    await testWorker(t, server)
    const campaign = await desk.campaign()
    const queued = await send(campaign.id, csvOfPeople(101, 3000), {})
    t.equal(queued.status, 202)
    let bulk = queued.body
    await until(async () => {
      bulk = (await desk.ask('GET', `/api/invites/bulk/${bulk.id}`)).body
      return bulk.status === 'completed'
    }, 'all of them')
    t.match(bulk, { status: 'completed', counts: { total: 101, done: 101, invited: 101, failed: 0 } })
    t.match(bulk.results[100], { row: 102, email: 'p3100@bulk.example' })
    t.equal(bulk.results[100].token, undefined, 'what was mailed is not shown')
    t.match((await smtp.take('p3000@bulk.example')).text, /#inv_/)

    const { candidates } = (await desk.ask('GET', '/api/candidates?email=p3100@bulk.example')).body
    t.equal((await desk.ask('DELETE', `/api/candidates/${candidates[0].id}`)).status, 204)
    const { results } = (await desk.ask('GET', `/api/invites/bulk/${bulk.id}`)).body
    t.match(
      results[100],
      { row: 102, email: null, status: 'invited' },
      'an erased address goes from here too',
    )
    t.match(results[99], { row: 101, email: 'p3099@bulk.example' })
  })
})
