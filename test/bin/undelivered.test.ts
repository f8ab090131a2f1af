import t from 'tap'
import { newId } from '../../schemas/ids.ts'
import { testApp } from '../support/app.ts'
import { commandLine } from '../support/command.ts'
import { TEST_KEY } from '../support/database.ts'
import { mailServer, testWorker } from '../support/mail.ts'
import { until } from '../support/until.ts'

t.setTimeout(180_000)

t.test('an operator invites a member, and sends mail again that could not be delivered', async (t) => {
  const smtp = await mailServer(t)
  const server = await testApp(t, { SMTP_URL: smtp.url })
  const { organizationId } = await server.tenant()
  const { database } = server.app
  const anteroom = commandLine({
    DATABASE_URL: server.databaseUrl,
    ENCRYPTION_KEY: TEST_KEY,
    SMTP_URL: smtp.url,
    DATA_DIR: server.app.config.dataDir,
  })
  t.match(await anteroom('mail', 'list'), { code: 0, out: 'None.\n' })
  t.match(await anteroom('mail', 'resend'), { code: 1, error: /Say which/ })

  smtp.refuseWith = { responseCode: 451, message: 'come back later' }
  const invited = await anteroom(
    'members',
    'invite',
    organizationId,
    'Grace@made.example',
    '--role',
    'viewer',
  )
  t.match(invited, { code: 0, out: /grace@made\.example is invited as viewer/ })
  t.match(await anteroom('members', 'invite', organizationId, 'grace@made.example'), {
    code: 1,
    error: /invited already/,
  })
  t.match(await anteroom('members', 'invite', newId('org'), 'x@made.example'), {
    code: 1,
    error: /not found/,
  })
  const [record] = await database`
    select actor_type, user_id from audit_records
    where organization_id = ${organizationId} and action = 'member.invited'`
  t.match(record, { actorType: 'operator', userId: null })

  // Its last attempt comes at once.
  await database`update sandbox_jobs.job set retry_limit = 0 where name = 'mail'`
  const worker = await testWorker(t, server)
  const givenUp = () => database`select id from sandbox_jobs.job where name = 'mail_failed'`
  await until(async () => (await givenUp()).length === 1, 'the message to be given up')
  await server.app.mailer.send(
    database,
    { kind: 'notice', to: 'later@made.example', subject: 'S', text: 'T', html: 'H' },
    null,
  )
  const waiting = () => database`
    update sandbox_jobs.job set start_after = now() + interval '1 hour'
    where name = 'mail' and state = 'retry' returning id`
  await until(async () => (await waiting()).length === 1, 'a first try that failed')
  await worker.stop()

  const { mail } = JSON.parse((await anteroom('mail', 'list', '--json')).out)
  t.match(mail, [
    {
      state: 'failed',
      kind: 'invitation',
      to: 'grace@made.example',
      nextAt: null,
      reason: /come back later/,
    },
    { state: 'waiting', kind: 'notice', to: 'later@made.example', reason: /come back later/ },
  ])
  t.notMatch(JSON.stringify(mail), /token/, 'no link is shown')
  t.match(await anteroom('mail', 'resend', newId('org')), { code: 1, error: /no undelivered message/ })
  smtp.refuseWith = null
  t.match(await anteroom('mail', 'resend', mail[0].id), { code: 0, out: /1 messages are sent again/ })
  t.match(await anteroom('mail', 'resend', '--all'), { code: 0, out: /1 messages are sent again/ })
  await testWorker(t, server)
  t.match(await smtp.take('grace@made.example'), { text: /#token=/ })
  await smtp.take('later@made.example')
  await until(async () => (await anteroom('mail', 'list')).out === 'None.\n', 'both to be delivered')
})

t.test('an operator queues the failed deliveries of a webhook again', async (t) => {
  const server = await testApp(t)
  const { auth, organizationId } = await server.tenant()
  const { database } = server.app
  const anteroom = commandLine({ DATABASE_URL: server.databaseUrl, ENCRYPTION_KEY: TEST_KEY })
  const { body: webhook } = await server.call('POST', '/api/webhooks', {
    headers: auth,
    body: { url: 'https://hooks.example.com/theirs', events: ['webhook.test'] },
  })
  const { body: delivery } = await server.call('POST', `/api/webhooks/${webhook.id}/test`, { headers: auth })
  await database`update deliveries set state = 'failed' where id = ${delivery.id}`
  t.match(await anteroom('webhooks', 'list', organizationId), {
    code: 0,
    out: new RegExp(`${webhook.id}  enabled`),
  })
  t.match(await anteroom('webhooks', 'requeue', webhook.id, '--since', '2999-01-01T00:00:00Z'), {
    code: 0,
    out: /^0 deliveries/,
  })
  t.match(await anteroom('webhooks', 'requeue', webhook.id, '--since', 'yesterday'), {
    code: 1,
    error: /since/,
  })
  t.match(await anteroom('webhooks', 'requeue', newId('whk')), { code: 1, error: /Webhook not found/ })
  t.match(await anteroom('webhooks', 'requeue', webhook.id), { code: 0, out: /^1 deliveries/ })
  const [row] = await database`select state from deliveries where id = ${delivery.id}`
  t.equal(row?.state, 'pending', 'it is due again')
})
