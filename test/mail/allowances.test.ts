import t from 'tap'
import { mailboxOf } from '../../operations/mail/allowances.ts'
import { refuseLinks, withoutLinks } from '../../operations/mail/links.ts'
import { type Answer, testApp } from '../support/app.ts'
import { sendCsv } from '../support/bulk.ts'
import { bearer, mailingApp } from '../support/people.ts'

/** Repeats a request until it is refused. */
async function untilRefused(
  most: number,
  ask: (index: number) => Promise<Answer>,
): Promise<[number, Answer]> {
  for (let index = 0; index < most; index += 1) {
    const answer = await ask(index)
    if (answer.status >= 400) return [index, answer]
  }
  throw new Error(`${most} requests were not refused`)
}

const LIMITED = {
  status: 429,
  headers: { 'retry-after': /^\d+$/ },
  body: { error: { reason: 'mail_limit' } },
}

t.test('inviting and withdrawing cannot fill a stranger’s mailbox', async (t) => {
  const { call, tenant, smtp } = await mailingApp(t)
  const { accessToken } = await tenant()
  const headers = bearer(accessToken)
  const [sent, refused] = await untilRefused(30, async (index) => {
    const body = { email: `Stranger+${index}@people.example`, role: 'viewer' }
    const answer = await call('POST', '/api/members/invitations', { headers, body })
    if (answer.status === 201) await call('DELETE', `/api/members/invitations/${answer.body.id}`, { headers })
    return answer
  })
  t.equal(sent, 12)
  t.match(refused, LIMITED)
  const list = await call('GET', '/api/members/invitations', { headers })
  t.equal(list.body.invitations.filter(({ status }: { status: string }) => status === 'pending').length, 0)
  const other = { email: 'somebody.else@people.example', role: 'viewer' }
  t.equal((await call('POST', '/api/members/invitations', { headers, body: other })).status, 201)
  t.ok(await smtp.take('somebody.else@people.example', 'accept#token='))
})

t.test('of twenty invitations to one mailbox at once, no more than allowed are sent', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const owners = await Promise.all(Array.from({ length: 20 }, () => tenant()))
  const answers = await Promise.all(
    owners.map(({ accessToken }) =>
      call('POST', '/api/members/invitations', {
        headers: bearer(accessToken),
        body: { email: 'stranger@people.example', role: 'viewer' },
      }),
    ),
  )
  t.equal(answers.filter(({ status }) => status === 201).length, 12)
  t.equal(answers.filter(({ status }) => status === 429).length, 8)
  const [row] = await app.database`select count(*)::int as sent from invitations`
  t.equal(row?.sent, 12, 'what was refused left nothing')
})

t.test('one person cannot send many e-mails by changing their address, and learns nothing', async (t) => {
  const { app, call, tenant } = await testApp(t)
  const [owner, other] = [await tenant(), await tenant()]
  const change = (email: string, { accessToken, password }: typeof owner) =>
    call('POST', '/api/me/email', { headers: bearer(accessToken), body: { email, password } })
  const mails = async () => {
    const [row] =
      await app.database`select count(*)::int as waiting from sandbox_jobs.job where name = 'mail'`
    return row?.waiting as number
  }
  for (let index = 0; index < 6; index += 1) {
    const answer = await change('stranger@people.example', index % 2 ? owner : other)
    t.equal(answer.status, 202, 'whether or not the new mailbox is full')
  }
  t.equal(await mails(), 5 + 6, 'the new mailbox got five, each old one all of its own')
  const [more, refused] = await untilRefused(20, (index) => change(`new${index}@people.example`, owner))
  t.equal(more, 7)
  t.match(refused, LIMITED)
})

t.test('candidates: one mailbox is limited, a file of many is not, and says which row failed', async (t) => {
  const server = await testApp(t)
  const { call, tenant } = server
  const { auth: headers } = await tenant()
  const campaigns: string[] = []
  for (let index = 0; index < 14; index += 1) {
    const answer = await call('POST', '/api/campaigns', { headers, body: { name: `Campaign ${index}` } })
    campaigns.push(answer.body.id)
  }
  const candidate = { email: 'cara@people.example', name: 'Cara' }
  const [sent, refused] = await untilRefused(campaigns.length, (index) =>
    call('POST', `/api/campaigns/${campaigns[index]}/invites`, {
      headers,
      body: { candidate, sendEmail: true },
    }),
  )
  t.equal(sent, 12)
  t.match(refused, LIMITED)
  const without = await call('POST', `/api/campaigns/${campaigns[12]}/invites`, {
    headers,
    body: { candidate },
  })
  t.equal(without.status, 201, 'the limit is of e-mails, not of invites')

  const rows = Array.from({ length: 90 }, (_, index) => `p${index}@people.example,Person ${index}`)
  const csv = `email,name\ncara@people.example,Cara\n${rows.join('\n')}\n`
  const file = await sendCsv(server, headers, campaigns[13] as string, csv, { sendEmail: 'true' })
  const { results } = file.body
  t.match(results[0], { row: 2, status: 'error', error: { code: 'RATE_LIMITED' } })
  t.equal(results.filter(({ status }: { status: string }) => status === 'invited').length, 90)
})

t.test('a link in a name is not mailed to somebody else', async (t) => {
  const { call, tenant } = await testApp(t)
  const { accessToken, both } = await tenant()
  const headers = bearer(accessToken)
  const name = 'Win a prize at https://evil.example'
  const campaign = await call('POST', '/api/campaigns', { headers: both, body: { name } })
  const body = { candidate: { email: 'cara@people.example', name: 'Cara' }, sendEmail: true }
  const refused = await call('POST', `/api/campaigns/${campaign.body.id}/invites`, { headers: both, body })
  t.match(refused, {
    status: 400,
    body: { error: { reason: 'link_in_text', details: [{ path: 'campaign.name' }] } },
  })
  t.equal((await call('PATCH', '/api/organization', { headers, body: { name } })).status, 200)
  const invitation = { email: 'grace@people.example', role: 'viewer' }
  t.match(await call('POST', '/api/members/invitations', { headers, body: invitation }), {
    status: 400,
    body: { error: { reason: 'link_in_text', details: [{ path: 'organization.name' }] } },
  })
})

t.test('mailboxes and links', async (t) => {
  for (const [address, mailbox] of [
    ['Ada@Example.com', 'ada@example.com'],
    ['ada+news@example.com', 'ada@example.com'],
    ['ada+a+b@example.com', 'ada@example.com'],
    ['+@example.com', '+@example.com'],
    ['"a@b"@example.com', '"a@b"@example.com'],
  ] as const) {
    t.equal(mailboxOf(address), mailbox, address)
  }
  for (const text of ['http://x.example', 'See HTTPS://x', 'www.x.example', 'a ftp://b', 'mailto:a@b.c']) {
    t.throws(() => refuseLinks({ name: text }), /contains a link/, text)
  }
  for (const text of [
    'Müller & Co. KG',
    'Node.js engineer',
    'C/C++',
    'R&D: Berlin',
    'Acme.com',
    '24/7',
    'awww. ok',
  ]) {
    t.doesNotThrow(() => refuseLinks({ name: text }), text)
  }
  t.equal(withoutLinks('Acme.com at v1.2. Yes'), 'Acme\u200c.com at v1\u200c.2. Yes')
})
