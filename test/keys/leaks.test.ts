import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { addLeakKeys, readLeakKeys } from '../../operations/keys/leak-keys.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { mailServer, testWorker } from '../support/mail.ts'

const identifier = '90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a'
const partner = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const published = JSON.stringify({
  public_keys: [
    {
      key_identifier: identifier,
      key: partner.publicKey.export({ type: 'spki', format: 'pem' }),
      is_current: true,
    },
  ],
})

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

async function serverWithPartner(t: Parameters<typeof testApp>[0], variables: Record<string, string> = {}) {
  const server = await testApp(t, variables)
  await addLeakKeys(server.app.database, readLeakKeys(published))
  return server
}

/** Sends a report as the partner does: the signature is over the body's very bytes. */
async function send(
  { app }: TestApp,
  body: string,
  {
    key = partner.privateKey,
    signed = body,
    as = identifier,
  }: { key?: KeyObject; signed?: string; as?: string } = {},
) {
  const response = await app.inject({
    method: 'POST',
    url: '/api/keys/leaks',
    headers: {
      'content-type': 'application/json',
      'Github-Public-Key-Identifier': as,
      'Github-Public-Key-Signature': sign('sha256', Buffer.from(signed), key).toString('base64'),
    },
    payload: body,
  })
  return { status: response.statusCode, body: response.json() }
}

function finding(token: string) {
  return {
    token,
    type: 'anteroom_api_key',
    url: 'https://github.com/octocat/Hello-World/blob/12345600b9cbe38a219f39a9941c9319b600c002/foo/bar.txt',
    source: 'content',
  }
}

t.test('a leaked key is revoked, the partner is told, and the owners too', async (t) => {
  const mails = await mailServer(t)
  const server = await serverWithPartner(t, { SMTP_URL: mails.url })
  await testWorker(t, server)
  const { call, tenant } = server
  const [one, other] = await Promise.all([tenant(), tenant()])
  t.equal((await call('GET', '/api/whoami', { headers: one.auth })).status, 200)
  const wrongSecret = generateCredential('sk_dev_')
  const tokens = [
    one.key,
    wrongSecret.text,
    'NMIfyYncKcRALEXAMPLE',
    one.key,
    one.accessToken,
    'x'.repeat(900),
  ]
  // Spaces that a parser would lose: the signature is over what was sent.
  const answer = await send(server, ` ${JSON.stringify(tokens.map(finding), null, 3)}\n`)
  t.equal(answer.status, 200)
  t.strictSame(
    answer.body,
    tokens.map((token) => ({
      token_hash: sha256(token),
      token_type: 'anteroom_api_key',
      label: token === one.key ? 'true_positive' : 'false_positive',
    })),
  )
  t.equal((await call('GET', '/api/whoami', { headers: one.auth })).status, 401, 'from the answer on')
  t.equal((await call('GET', '/api/whoami', { headers: other.auth })).status, 200)

  const headers = bearer(one.accessToken)
  t.match((await call('GET', `/api/keys/${one.keyId}`, { headers })).body, { status: 'revoked' })
  const { audit } = (await call('GET', `/api/audit?target=${one.keyId}`, { headers })).body
  t.match(audit, [
    { action: 'key.leaked', actorType: 'partner', changes: { revoked: true, source: 'content' } },
    { action: 'key.revoked', actorType: 'partner', changes: { reason: 'leaked' } },
    { action: 'key.created' },
  ])
  const mail = await mails.take(one.email)
  t.match(mail.subject, /found in public/)
  t.match(mail.text, /octocat[\s\S]*revoked at once/)
  t.notMatch(mail.text, one.key)

  const again = await send(server, JSON.stringify([finding(one.key)]))
  t.match(again.body, [{ label: 'true_positive' }], 'a report that comes again')
  const after = (await call('GET', `/api/audit?target=${one.keyId}`, { headers })).body
  t.equal(after.audit.length, 3, 'does nothing again')
  t.equal(mails.received.length, 1)
})

t.test('an organization may choose to be told alone', async (t) => {
  const mails = await mailServer(t)
  const server = await serverWithPartner(t, { SMTP_URL: mails.url })
  await testWorker(t, server)
  const { call, tenant } = server
  const { auth, key, keyId, email } = await tenant()
  const set = await call('PATCH', '/api/organization', { headers: auth, body: { leakedKeys: 'report' } })
  t.equal(set.status, 200)
  for (const round of [1, 2]) {
    const answer = await send(server, JSON.stringify([finding(key)]))
    t.match(answer.body, [{ label: 'true_positive' }], `report ${round}`)
  }
  t.equal((await call('GET', '/api/whoami', { headers: auth })).status, 200)
  const { audit } = (await call('GET', '/api/audit?action=key.leaked', { headers: auth })).body
  t.match(audit, [{ targetId: keyId, changes: { revoked: false } }])
  t.equal(audit.length, 1, 'told of once')
  t.match((await mails.take(email)).text, /It still works/)
})

t.test('what no partner signed is refused, and braked', async (t) => {
  const server = await serverWithPartner(t)
  const { key } = await server.tenant()
  const body = JSON.stringify([finding(key)])
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const refusals = {
    "a stranger's key": await send(server, body, { key: stranger }),
    'an unknown identifier': await send(server, body, { as: 'unknown' }),
    'a body that was changed': await send(server, `${body} `, { signed: body }),
    'an empty body': await send(server, '', { signed: body }),
  }
  for (const [name, { status, body: answer }] of Object.entries(refusals)) {
    t.equal(status, 401, name)
    t.equal(answer.error.message, 'Invalid signature')
  }
  const raw = await server.app.inject({
    method: 'POST',
    url: '/api/keys/leaks',
    headers: { 'content-type': 'application/json', 'github-public-key-identifier': identifier },
    payload: body,
  })
  t.equal(raw.statusCode, 400)
  t.match(raw.json().error.details, [{ path: 'headers.github-public-key-signature' }])
  const garbled = await server.app.inject({
    method: 'POST',
    url: '/api/keys/leaks',
    headers: {
      'content-type': 'application/json',
      'github-public-key-identifier': identifier,
      'github-public-key-signature': 'not base64 at all',
    },
    payload: body,
  })
  t.equal(garbled.statusCode, 401)
  t.equal((await server.call('GET', '/api/whoami', { headers: bearer(key) })).status, 200)

  const braked = await serverWithPartner(t, { AUTH_FAILURES_PER_MINUTE: '3' })
  const statuses: number[] = []
  for (let tries = 0; tries < 5; tries += 1) {
    statuses.push((await send(braked, body, { key: stranger })).status)
  }
  t.strictSame(statuses, [401, 401, 401, 429, 429])
})

t.test('a signed report is bounded and of the known form', async (t) => {
  const server = await serverWithPartner(t)
  const bad = {
    'no array': '{}',
    'an empty one': '[]',
    'no token': '[{"type":"x"}]',
    'a token that is none': '[{"token":7,"type":"x"}]',
    'no JSON': '[{',
    'too many': JSON.stringify(Array(1001).fill({ token: 'x', type: 'y' })),
  }
  for (const [name, body] of Object.entries(bad)) t.equal((await send(server, body)).status, 400, name)
  const large = JSON.stringify([{ token: 'x', type: 'y', url: 'u'.repeat(1024 * 1024) }])
  t.equal((await send(server, large)).status, 413)
  const most = JSON.stringify(Array(1000).fill({ token: 'x', type: 'y', added_one_day: true }))
  const answer = await send(server, most)
  t.equal(answer.status, 200)
  t.equal(answer.body.length, 1000)
})

t.test('a key of the other environment, an ended one and one in its grace', async (t) => {
  const server = await serverWithPartner(t)
  const { call, tenant } = server
  const { auth } = await tenant()
  const make = async () => (await call('POST', '/api/keys', { headers: auth, body: { name: 'K' } })).body
  const [revoked, retiring] = [await make(), await make()]
  await call('DELETE', `/api/keys/${revoked.id}`, { headers: auth, body: { reason: 'old' } })
  await call('POST', `/api/keys/${retiring.id}/rotate`, { headers: auth })
  const elsewhere = generateCredential('sk_live_').text
  const answer = await send(server, JSON.stringify([elsewhere, revoked.key, retiring.key].map(finding)))
  t.strictSame(
    answer.body.map(({ label }: { label: string }) => label),
    ['false_positive', 'true_positive', 'true_positive'],
  )
  t.equal((await call('GET', `/api/keys/${retiring.id}`, { headers: auth })).body.status, 'revoked')
  const { audit } = (await call('GET', `/api/audit?action=key.leaked`, { headers: auth })).body
  t.equal(audit.length, 1)
})

t.test("a partner's public keys are read with care", async (t) => {
  const server = await testApp(t)
  const { database } = server.app
  t.strictSame(await addLeakKeys(database, readLeakKeys(published)), [identifier])
  t.strictSame(await addLeakKeys(database, readLeakKeys(published)), [], 'known before')
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const pem = String(other.export({ type: 'spki', format: 'pem' }))
  await t.rejects(addLeakKeys(database, readLeakKeys(pem, identifier)), { message: /another key/ })
  t.strictSame(await addLeakKeys(database, readLeakKeys(pem, 'second')), ['second'])

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
    type: 'spki',
    format: 'pem',
  })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({
    type: 'spki',
    format: 'pem',
  })
  for (const key of [rsa, p384]) t.throws(() => readLeakKeys(String(key), 'x'), /P-256/)
  t.throws(() => readLeakKeys(pem), /--identifier/)
  for (const text of ['', '[]', '{}', '{"public_keys":[]}', 'words'])
    t.throws(() => readLeakKeys(text), /neither/)
  t.throws(() => readLeakKeys('{"public_keys":[null]}'), /identifier/)
  t.throws(() => readLeakKeys('{"public_keys":[{"key_identifier":"a","key":"b"}]}'), /P-256/)
})
