import t from 'tap'
import { openBrowser, withoutBrowser } from '../support/browser.ts'
import { buildSdk } from '../support/careers-page.ts'
import { tokenOf } from '../support/mail.ts'
import { bearer, mailingApp, someEmail } from '../support/people.ts'

buildSdk()
t.setTimeout(180_000)

t.test('opening a mailed link changes nothing', { skip: withoutBrowser }, async (t) => {
  const server = await mailingApp(t)
  const { call, smtp } = server
  const base = await server.listen()
  const browser = await openBrowser(t)
  const [owner, forgetful] = [await server.tenant(), await server.tenant()]
  const headers = bearer(owner.accessToken)

  const [member, candidate, moved] = [someEmail(), someEmail(), someEmail()]
  await call('POST', '/api/members/invitations', { headers, body: { email: member, role: 'member' } })
  const campaign = await call('POST', '/api/campaigns', {
    headers: owner.auth,
    body: { name: 'Support', questions: [{ prompt: 'Why this job?', kind: 'text' }] },
  })
  const invite = await call('POST', `/api/campaigns/${campaign.body.id}/invites`, {
    headers: owner.auth,
    body: { candidate: { email: candidate, name: 'Cara' }, sendEmail: true },
  })
  await call('POST', '/api/me/email', { headers, body: { email: moved, password: owner.password } })
  await call('POST', '/api/auth/password/forgot', { body: { email: forgetful.email } })
  const accept = await smtp.take(member)
  const interview = await smtp.take(candidate)
  const [fromNew, fromOld] = [await smtp.take(moved), await smtp.take(owner.email, 'email#token=')]
  const reset = await smtp.take(forgetful.email, 'reset#token=')

  // As a mail scanner does: with scripts, twice, and without a session. Every link of every mail.
  const links = smtp.received.flatMap(({ text }) => text.match(/https?:\/\/\S+/g) ?? [])
  t.ok(links.length >= 5, links.join(' '))
  const wrote = new Set<string>()
  for (const link of [...links, ...links]) {
    const { pathname, hash } = new URL(link)
    const context = await browser.newContext()
    const page = await context.newPage()
    page.on('request', (request) => {
      if (request.method() !== 'GET') wrote.add(`${request.method()} ${new URL(request.url()).pathname}`)
    })
    await page.goto(base + pathname + hash, { waitUntil: 'networkidle' })
    t.ok((await page.getByRole('heading').count()) > 0, `${pathname} shows something`)
    await context.close()
  }
  t.same([...wrote], ['POST /api/embed/preview'], 'which only reads')

  const { body } = await call('GET', `/api/invites/${invite.body.id}`, { headers: owner.auth })
  t.equal(body.status, 'pending')
  t.match(interview.text, /come back to the same browser within 24 hours/)
  for (const mail of [fromNew, fromOld]) {
    const confirmed = await call('POST', '/api/me/email/confirm', { body: { token: tokenOf(mail) } })
    t.equal(confirmed.status, 200)
  }
  const password = 'a sentence that is long enough'
  const accepted = { token: tokenOf(accept), password, name: 'Grace Hopper' }
  t.equal((await call('POST', '/api/members/invitations/accept', { body: accepted })).status, 200)
  const renewed = await call('POST', '/api/auth/password/reset', {
    body: { token: tokenOf(reset), password },
  })
  t.ok(renewed.status < 300, `${renewed.status}`)
})
