import t from 'tap'
import { audited } from '../support/audit.ts'
import { testWorker } from '../support/mail.ts'
import { until } from '../support/until.ts'

t.setTimeout(300_000)

t.test('the worker anchors the chains every few minutes, and when it stops', async (t) => {
  const one = await audited(t)
  const worker = await testWorker(t, one.server)
  const newest = async () => Number((await one.disk`select newest from audit_anchors`)[0]?.newest)
  const schedules = await one.disk`select cron from sandbox_jobs.schedule where name = 'audit_anchor'`
  t.match(schedules, [{ cron: '*/5 * * * *' }])
  await one.disk`insert into sandbox_jobs.job_common (name) values ('audit_anchor')`
  await until(async () => (await newest()) === 1, 'the first anchor')
  await one.record('the last word')
  await worker.stop()
  t.equal(await newest(), 2, 'the end of the chain is kept before the worker goes')
  t.match(await one.verify(), { anchor: { number: 2 }, problems: [] })
})

t.test('an operator accepts a chain, and lost anchors, with a reason', async (t) => {
  const one = await audited(t)
  const { organizationId } = one
  await one.anchor()
  await one.disk`update audit_heads set mac = sha256('forged')`
  for await (const key of one.storage.keys('audit-anchors/')) await one.storage.remove(key)
  t.match(await one.cli('audit', 'verify'), {
    code: 1,
    out: /: 2 problems[\s\S]*anchors up to number 1[\s\S]*was forged[\s\S]*ENCRYPTION_KEY/,
  })
  t.match(await one.cli('audit', 'accept', '--reason', 'x'), {
    code: 1,
    error: /--organization or --anchors/,
  })
  t.match(await one.cli('audit', 'accept', '--anchors', '--reason', 'the disk was lost'), { code: 0 })
  t.match(
    await one.cli('audit', 'accept', '--organization', organizationId, '--reason', 'a new key', '--json'),
    {
      code: 0,
      out: new RegExp(`"organizationId":"${organizationId}","head":{"sequence":`),
    },
  )
  t.match(await one.cli('audit', 'verify'), { code: 0, out: /against anchor 3 of .*every chain is whole/ })
})
