import t from 'tap'
import { readConfig } from '../../config/config.ts'
import { compose } from '../../operations/mail/compose.ts'
import { openDelivery } from '../../operations/mail/delivery.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { mailServer, testWorker } from '../support/mail.ts'
import { until } from '../support/until.ts'

const mail = (to: string, subject = 'A subject') =>
  compose('notice', to, {
    subject,
    paragraphs: ['Zoë <b>Tables</b> & Söhne "invite" you.', 'A second paragraph.'],
    link: { label: 'Open it', url: 'https://example.com/x?a=1&b=2#token=abc' },
    footer: "You didn't ask for this? Then do nothing.",
  })

const send = ({ app }: TestApp, to: string) => app.database.begin((tx) => app.mailer.send(tx, mail(to)))

t.test('a message goes out by SMTP as text and HTML, names escaped', async (t) => {
  const smtp = await mailServer(t)
  const server = await testApp(t, { SMTP_URL: `${smtp.url}?from=hello@anteroom.example` })
  await testWorker(t, server)
  await send(server, 'ada@example.com')
  const received = await smtp.take('ada@example.com')
  t.match(received, { subject: 'A subject', from: 'hello@anteroom.example' })
  t.match(received.messageId, /^<[0-9a-f-]{36}@/)
  t.match(received.text, /Zoë <b>Tables<\/b> & Söhne "invite" you\./)
  t.match(received.text, /Open it:\r?\nhttps:\/\/example\.com\/x\?a=1&b=2#token=abc/)
  t.match(received.html, /Zoë &lt;b&gt;Tables&lt;\/b&gt; &amp; Söhne &quot;invite&quot; you\./)
  t.match(received.html, /href="https:\/\/example\.com\/x\?a=1&amp;b=2#token=abc"/)
  t.notMatch(received.html, /<b>/)
})

t.test('a message of plain ASCII goes as it stands: no link is broken in two', async (t) => {
  const smtp = await mailServer(t)
  const link = `https://example.com/dashboard/accept#token=mt_${'a'.repeat(150)}`
  const log = { info: () => {}, warn: () => {} }
  const delivery = await openDelivery(smtp.url, () => 'https://api.acme.example', log)
  const parts = { subject: 'Plain', paragraphs: ['One.'], link: { label: 'Open', url: link }, footer: 'End.' }
  await delivery.deliver(compose('notice', 'ada@example.com', parts), 'id')
  delivery.close()
  const { raw, text, from } = await smtp.take('ada@example.com')
  t.match(raw, `\r\n${link}\r\n`)
  t.match(text, link)
  t.equal(from, 'Anteroom <no-reply@api.acme.example>')
})

t.test('a message leaves with its transaction, a tenant’s too, and not without it', async (t) => {
  const smtp = await mailServer(t)
  const server = await testApp(t, { SMTP_URL: smtp.url })
  await testWorker(t, server)
  const { organizationId } = await server.tenant()
  await t.rejects(
    server.app.tenancy.write(organizationId, async (tx) => {
      await server.app.mailer.send(tx, mail('undone@example.com'))
      throw new Error('rolled back')
    }),
    { message: 'rolled back' },
  )
  await server.app.tenancy.write(organizationId, (tx) => server.app.mailer.send(tx, mail('done@example.com')))
  await smtp.take('done@example.com')
  t.equal(smtp.received.length, 1)
  await t.rejects(
    server.app.tenancy.write(organizationId, (tx) => tx`select data from sandbox_jobs.job_common`),
    /permission denied/,
    'a tenant reads nothing of what waits',
  )
})

t.test('what waits in the queue is sealed', async (t) => {
  const server = await testApp(t, { SMTP_URL: 'smtp://127.0.0.1:1' })
  await send(server, 'ada@example.com')
  const rows = await server.app.database`select data::text from sandbox_jobs.job_common where name = 'mail'`
  t.equal(rows.length, 1)
  const data = JSON.parse(String(rows[0]?.data))
  t.same(Object.keys(data), ['sealed'])
  // Of the bytes, not of their base64, in which five letters that make a word turn up by chance.
  t.notMatch(Buffer.from(data.sealed, 'base64').toString('latin1'), /ada@|token|Subject/i)
})

t.test('nothing is lost while the mail server is down or asks to come back later', async (t) => {
  const smtp = await mailServer(t)
  const server = await testApp(t, { SMTP_URL: smtp.url })
  smtp.refuseWith = { responseCode: 451, message: 'come back later' }
  await send(server, 'later@example.com')
  const worker = await testWorker(t, server)
  // Put off in the moment in which it waits: a worker that is stopped while it tries again would keep it.
  const putOff = () => server.app.database`
    update sandbox_jobs.job_common set start_after = now() + interval '1 hour'
    where name = 'mail' and state = 'retry' returning id`
  await until(async () => (await putOff()).length === 1, 'a first try that failed')
  t.equal(smtp.received.length, 0)
  await worker.stop()
  smtp.refuseWith = null
  await server.app.database`update sandbox_jobs.job_common set start_after = now() where name = 'mail'`
  await testWorker(t, server)
  await smtp.take('later@example.com')
})

t.test('an address that the mail server refuses for good is not tried again', async (t) => {
  const smtp = await mailServer(t)
  const server = await testApp(t, { SMTP_URL: smtp.url })
  smtp.refuseWith = { responseCode: 550, message: 'no such user' }
  await send(server, 'nobody@example.com')
  await testWorker(t, server)
  const completed = () => server.app.database`
    select from sandbox_jobs.job_common where name = 'mail' and state = 'completed'`
  await until(async () => (await completed()).length === 1, 'the end of the job')
  t.equal(smtp.received.length, 0)
})

t.test('the sandbox without SMTP_URL writes the message to the log', async (t) => {
  const lines: Record<string, unknown>[] = []
  const log = { info: (fields: object) => lines.push({ ...fields }), warn: () => {} }
  const delivery = await openDelivery(null, () => 'http://127.0.0.1:3000', log)
  await delivery.deliver(mail('ada@example.com'), 'id')
  delivery.close()
  t.match(lines, [{ mail: { to: 'ada@example.com', subject: 'A subject', text: /#token=abc/ } }])
})

t.test(
  'production without SMTP_URL starts with sign-up closed, refuses to start with it open, and says so',
  async (t) => {
    const production = { ANTEROOM_ENV: 'production', ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') }
    t.throws(() => readConfig({ ...production, SIGNUP: 'open' }), /SMTP_URL is required/)
    const server = await testApp(t, production)
    await t.rejects(send(server, 'ada@example.com'), { code: 'UNAVAILABLE', message: /SMTP_URL/ })
    t.equal((await server.app.database`select from production_jobs.job_common where name = 'mail'`).length, 0)
  },
)
