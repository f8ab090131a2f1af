import t from 'tap'
import { withAnchors } from '../../operations/audit/anchors/open.ts'
import { verifyDatabase } from '../../operations/audit/verify.ts'
import { mailingApp } from '../support/people.ts'

t.setTimeout(300_000)

t.test('the chain stays whole when a person is erased, and names nobody', async (t) => {
  const server = await mailingApp(t)
  const { app, call } = server
  const owner = await server.tenant()
  const admin = await server.join(owner, 'admin')
  const made = await call('POST', '/api/keys', { headers: admin.auth, body: { name: 'By the admin' } })
  t.equal(made.status, 201)
  const erased = await call('DELETE', '/api/me', { headers: admin.auth, body: { password: admin.password } })
  t.equal(erased.status, 204)

  const { problems, records } = await withAnchors(app.config, app.database, ({ database, key, store }) =>
    verifyDatabase({ database, key, anchors: store }, owner.organizationId),
  )
  t.strictSame(problems, [])
  const { audit } = (await call('GET', `/api/audit?actor=${admin.userId}`, { headers: owner.auth })).body
  t.match(
    audit.find(({ action }: { action: string }) => action === 'key.created'),
    { userId: admin.userId, targetId: made.body.id },
    'what they did stays, under their id',
  )
  const rows = await app.database`select * from audit_records`
  t.ok(rows.length >= records)
  for (const word of [admin.email, owner.email, '@people.example', '@tenant.example', 'Member"']) {
    t.notMatch(JSON.stringify(rows), word, word)
  }
})
