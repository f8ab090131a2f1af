import t from 'tap'
import { tellKeyAges } from '../../operations/keys/age.ts'
import { testApp } from '../support/app.ts'
import { testWorker } from '../support/mail.ts'
import { until } from '../support/until.ts'

const server = await testApp(t)
const { app, call, tenant } = server

const DAY_MS = 86_400_000

t.test('a key older than 90 days says so in the list, and once in the audit log', async (t) => {
  const { auth, keyId } = await tenant()
  const make = async (name: string) =>
    (await call('POST', '/api/keys', { headers: auth, body: { name } })).body as { id: string }
  const [old, revoked, retiring] = [await make('Old'), await make('Revoked'), await make('Retiring')]
  const aged = [old.id, revoked.id, retiring.id]
  await app.database`update keys set created_at = now() - interval '90 days 1 minute' where id = any(${aged})`
  await call('DELETE', `/api/keys/${revoked.id}`, { headers: auth })
  const successor = (await call('POST', `/api/keys/${retiring.id}/rotate`, { headers: auth })).body

  const { keys } = (await call('GET', '/api/keys', { headers: auth })).body
  t.strictSame(
    Object.fromEntries(keys.map((key: { id: string; rotationDue: boolean }) => [key.id, key.rotationDue])),
    { [keyId]: false, [old.id]: true, [revoked.id]: false, [retiring.id]: false, [successor.id]: false },
  )

  t.strictSame(await tellKeyAges(app.database, app.auditKey), { rotationDue: 1, expiring: 0 })
  t.strictSame(await tellKeyAges(app.database, app.auditKey), { rotationDue: 0, expiring: 0 })
  const { audit } = (await call('GET', '/api/audit?action=key.rotation_due', { headers: auth })).body
  t.match(audit, [{ targetId: old.id, actorType: 'system', userId: null }])
  t.equal(audit.length, 1)
})

t.test('a key that expires within seven days is told of once for that expiry', async (t) => {
  const { auth } = await tenant()
  const make = async (days: number) => {
    const expiresAt = new Date(Date.now() + days * DAY_MS).toISOString()
    return (await call('POST', '/api/keys', { headers: auth, body: { name: `${days}`, expiresAt } })).body
  }
  const soon = await make(6.9)
  const later = await make(7.1)
  t.strictSame(await tellKeyAges(app.database, app.auditKey), { rotationDue: 0, expiring: 1 })
  t.strictSame(await tellKeyAges(app.database, app.auditKey), { rotationDue: 0, expiring: 0 })
  const { audit } = (await call('GET', '/api/audit?action=key.expiring', { headers: auth })).body
  t.match(audit, [{ targetId: soon.id, changes: { expiresAt: soon.expiresAt } }])

  const moved = new Date(Date.now() + DAY_MS).toISOString()
  for (const { id } of [soon, later]) {
    await call('PATCH', `/api/keys/${id}`, { headers: auth, body: { expiresAt: moved } })
  }
  t.strictSame(
    await tellKeyAges(app.database, app.auditKey),
    { rotationDue: 0, expiring: 2 },
    'another expiry is another matter',
  )
})

t.test('more keys than one batch, and several processes at once: each is told of once', async (t) => {
  const { auth, organizationId } = await tenant()
  await app.database`
    insert into keys (organization_id, id, public_id, prefix, name, stage, secret_hash, secret_tag, scopes, created_at)
    select ${organizationId}, 'key_aged' || n, 'aged' || n, 'sk_dev_aged' || n, 'Aged', 'development', 'none', 0, '{*}',
      now() - interval '100 days'
    from generate_series(1, 250) n`
  const told = await Promise.all([
    tellKeyAges(app.database, app.auditKey),
    tellKeyAges(app.database, app.auditKey),
  ])
  t.equal(
    told.reduce((sum, { rotationDue }) => sum + rotationDue, 0),
    250,
  )
  const { audit } = (await call('GET', '/api/audit?action=key.rotation_due&limit=100', { headers: auth }))
    .body
  t.equal(audit.length, 100)
})

t.test('the worker does it by the clock, and when it is asked to', async (t) => {
  const { auth, keyId } = await tenant()
  await testWorker(t, server)
  const schedules = await app.jobs.boss.getSchedules()
  t.match(
    schedules.find(({ name }) => name === 'key_age'),
    { cron: '17 * * * *', timezone: 'UTC' },
  )

  await app.database`update keys set created_at = now() - interval '91 days' where id = ${keyId}`
  await app.jobs.add(app.database, 'key_age', {})
  let records: object[] = []
  await until(async () => {
    records = (await call('GET', '/api/audit?action=key.rotation_due', { headers: auth })).body.audit
    return records.length > 0
  }, 'the record')
  t.match(records, [{ targetId: keyId }])
})
