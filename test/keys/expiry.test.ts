import t from 'tap'
import { testApp } from '../support/app.ts'

const { call, tenant } = await testApp(t)
const DAY_MS = 86_400_000
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString()

async function expiringKey(days: number) {
  const owner = await tenant()
  const expiresAt = inDays(days)
  const made = await call('POST', '/api/keys', {
    headers: owner.auth,
    body: { name: 'Ends', expiresAt },
  })
  return { owner, id: made.body.id, expiresAt, auth: { authorization: `Bearer ${made.body.key}` } }
}

// A key with an expiry could create, patch or rotate itself into a key without one.
t.test('a key gives no other key a later end than its own', async (t) => {
  const { auth, expiresAt } = await expiringKey(10)
  const create = (body: object) =>
    call('POST', '/api/keys', { headers: auth, body: { name: 'New', ...body } })
  for (const later of [{ expiresAt: null }, { expiresAt: inDays(11) }]) {
    const { status, body } = await create(later)
    t.equal(status, 403)
    t.match(body.error, { reason: 'expiry_exceeded', details: [{ path: 'body.expiresAt' }] })
  }
  const earlier = inDays(9)
  t.equal((await create({ expiresAt: earlier })).body.expiresAt, earlier)
  t.equal((await create({})).body.expiresAt, expiresAt, 'left out, it is the end of the key that creates it')
})

t.test('a key does not move its own end', async (t) => {
  const { auth, id, expiresAt } = await expiringKey(10)
  for (const later of [null, inDays(20)]) {
    const { status } = await call('PATCH', `/api/keys/${id}`, { headers: auth, body: { expiresAt: later } })
    t.equal(status, 403)
    const rotated = await call('POST', `/api/keys/${id}/rotate`, {
      headers: auth,
      body: { expiresAt: later },
    })
    t.equal(rotated.status, 403)
  }
  const { status, body } = await call('POST', `/api/keys/${id}/rotate`, { headers: auth, body: {} })
  t.equal(status, 201)
  t.equal(body.expiresAt, expiresAt, 'its successor ends when it would have ended')
})

t.test('a key does not take a longer-lived key over', async (t) => {
  const { auth, owner } = await expiringKey(10)
  for (const [method, path] of [
    ['PATCH', owner.keyId],
    ['POST', `${owner.keyId}/rotate`],
  ] as const) {
    const body = method === 'PATCH' ? { name: 'Mine' } : {}
    const answer = await call(method, `/api/keys/${path}`, { headers: auth, body })
    t.equal(answer.status, 403, method)
    t.equal(answer.body.error.reason, 'expiry_exceeded')
  }
})

t.test('a retiring key ends with its grace, and so does what it creates', async (t) => {
  const owner = await tenant()
  const body = { graceHours: 1 }
  const rotated = await call('POST', `/api/keys/${owner.keyId}/rotate`, { headers: owner.auth, body })
  t.equal(rotated.status, 201)
  const { body: old } = await call('GET', `/api/keys/${owner.keyId}`, {
    headers: { authorization: `Bearer ${rotated.body.key}` },
  })
  const made = await call('POST', '/api/keys', { headers: owner.auth, body: { name: 'Late' } })
  t.equal(made.body.expiresAt, old.retiresAt)
})
