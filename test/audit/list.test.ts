import t from 'tap'
import { testApp } from '../support/app.ts'

const { call, tenant } = await testApp(t)

t.test('who did what to a key, by which credential, from where', async (t) => {
  const { auth, both, keyId, userId, organizationId } = await tenant()
  const made = (await call('POST', '/api/keys', { headers: both, body: { name: 'Watched' } })).body
  const agent = { 'user-agent': 'audit-test/1.0' }
  await call('PATCH', `/api/keys/${made.id}`, { headers: { ...auth, ...agent }, body: { name: 'Renamed' } })
  await call('PATCH', `/api/keys/${made.id}`, { headers: auth, body: { name: 'Renamed' } })
  const successor = (await call('POST', `/api/keys/${made.id}/rotate`, { headers: auth })).body
  await call('POST', `/api/keys/${made.id}/rotation/undo`, { headers: auth })
  const revoked = await call('DELETE', `/api/keys/${made.id}`, { headers: auth, body: { reason: 'done' } })
  await call('DELETE', `/api/keys/${made.id}`, { headers: auth, body: { reason: 'again' } })
  t.equal(revoked.status, 200)

  const { body } = await call('GET', `/api/audit?target=${made.id}`, { headers: auth })
  t.strictSame(
    body.audit.map(({ action }: { action: string }) => action),
    ['key.revoked', 'key.rotation_undone', 'key.rotated', 'key.changed', 'key.created'],
  )
  const [end, undone, rotated, changed, created] = body.audit
  t.match(created, {
    organizationId,
    actorType: 'api_key+user',
    userId,
    credentialId: keyId,
    targetType: 'key',
  })
  t.match(created.changes, { name: 'Watched', scopes: ['*'] })
  t.match(changed, {
    actorType: 'api_key',
    userId: null,
    ip: '127.0.0.1',
    userAgent: 'audit-test/1.0',
    requestId: /^req_/,
    changes: { name: { from: 'Watched', to: 'Renamed' } },
  })
  t.match(rotated.changes, { replacedBy: successor.id })
  t.match(undone.changes, { replacedBy: { from: successor.id, to: null } })
  t.match(end.changes, { reason: 'done' })
  t.notMatch(JSON.stringify(body), successor.key)

  const ofSuccessor = await call('GET', `/api/audit?target=${successor.id}`, { headers: auth })
  t.strictSame(
    ofSuccessor.body.audit.map(({ action }: { action: string }) => action),
    ['key.revoked', 'key.created'],
  )
})

t.test('filters and pages', async (t) => {
  const [one, other] = await Promise.all([tenant(), tenant()])
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names) await call('POST', '/api/keys', { headers: one.both, body: { name } })
  const list = async (query: string) => (await call('GET', `/api/audit?${query}`, { headers: one.auth })).body

  t.equal((await list('action=key.created')).audit.length, 6)
  t.equal((await list('action=key.revoked')).audit.length, 0)
  t.equal((await list(`actor=${one.keyId}`)).audit.length, 5)
  t.ok((await list(`actor=${one.userId}`)).audit.length >= 5)
  t.equal((await list(`actor=${other.userId}`)).audit.length, 0)
  t.equal((await list('from=2099-01-01T00:00:00Z')).audit.length, 0)
  t.equal((await list('to=2020-01-01T00:00:00Z')).audit.length, 0)
  t.ok((await list('from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z')).audit.length >= 6)

  const seen: number[] = []
  let cursor = ''
  do {
    const page = await list(`limit=2${cursor}`)
    seen.push(...page.audit.map(({ sequence }: { sequence: number }) => sequence))
    cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : ''
  } while (cursor)
  t.strictSame(
    seen,
    seen.map((_, index) => seen.length - index),
    'every record once, newest first',
  )
  const foreign = await call('GET', '/api/audit?limit=1', { headers: other.auth })
  t.strictSame(
    (await list(`cursor=${foreign.body.nextCursor ?? ''}`)).audit ?? [],
    [],
    "another tenant's place",
  )

  for (const query of [
    'action=created',
    'from=yesterday',
    'from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z',
    'who=me',
  ]) {
    t.equal((await call('GET', `/api/audit?${query}`, { headers: one.auth })).status, 400, query)
  }
})

t.test('it takes the scope logs:read', async (t) => {
  const { auth } = await tenant()
  const { key } = (
    await call('POST', '/api/keys', { headers: auth, body: { name: 'K', scopes: ['keys:read'] } })
  ).body
  t.equal((await call('GET', '/api/audit', { headers: { authorization: `Bearer ${key}` } })).status, 403)
})
