import t from 'tap'
import { testApp } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'
import { mailServer, testWorker } from '../support/mail.ts'

t.test('invites by e-mail', async (t) => {
  const smtp = await mailServer(t)
  const server = await testApp(t, { SMTP_URL: smtp.url })
  await testWorker(t, server)
  const desk = await openDesk(server)
  await desk.ask('PATCH', '/api/organization', { name: 'Café & <Söhne>' })
  const campaign = await desk.campaign({ name: 'Backend' })
  const candidate = { email: 'ada@example.com', name: 'Ada' }
  const invite = await desk.invite(campaign.id, { candidate, sendEmail: true })
  const mail = await smtp.take('ada@example.com')
  t.match(mail.subject, /Backend/)
  t.match(mail.text, 'Café & <Söhne> invites you')
  t.match(mail.text, `${server.app.publicUrl()}/interview#${invite.token}`)
  const resent = await desk.ask('POST', `/api/invites/${invite.id}/resend`)
  const second = await smtp.take('ada@example.com')
  t.match(second.text, resent.body.token)
  t.equal((await desk.exchange(invite.token)).status, 401, 'the link before ends at once')
  t.equal((await desk.exchange(resent.body.token)).status, 200)
})
