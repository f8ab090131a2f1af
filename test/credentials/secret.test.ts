import { createHash } from 'node:crypto'
import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import {
  costOf,
  fingerprint,
  hashPassword,
  hashSecret,
  sameDigest,
  sha256,
  verifyPassword,
  verifySecret,
} from '../../credentials/secret.ts'

const COST = 4

t.test("a key's secret is kept as bcrypt of the configured cost", async (t) => {
  const { secret } = generateCredential('sk_live_')
  const hash = await hashSecret(secret, COST)
  t.match(hash, /^\$2[aby]\$04\$.{53}$/)
  t.equal(costOf(hash), COST)
  t.notOk(hash.includes(secret))
  t.ok(await verifySecret(secret, hash))
  const otherCase = [...secret].map((letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )
  for (const other of [otherCase.join(''), secret.slice(0, -1), `${secret}0`, '']) {
    t.notOk(await verifySecret(other, hash))
  }
  t.not(await hashSecret(secret, COST), hash, 'salted')
})

t.test('two long passwords that differ after 72 bytes are two passwords', async (t) => {
  const common = 'x'.repeat(72)
  const hash = await hashPassword(`${common}a`, COST)
  t.ok(await verifyPassword(`${common}a`, hash))
  t.notOk(await verifyPassword(`${common}b`, hash))
  t.notOk(await verifyPassword(common, hash))
  const longest = 'é'.repeat(256)
  t.ok(await verifyPassword(longest, await hashPassword(longest, COST)))
})

t.test('a password is the same however its accents are typed, and no other one', async (t) => {
  const hash = await hashPassword('caf\u00e9 Stra\u00dfe \u{1f512}', COST)
  t.ok(await verifyPassword('cafe\u0301 Stra\u00dfe \u{1f512}', hash), 'combining accent')
  t.notOk(await verifyPassword('cafe Stra\u00dfe \u{1f512}', hash))
  t.notOk(await verifyPassword('CAF\u00c9 STRASSE \u{1f512}', hash))
  t.notOk(await verifyPassword('caf\u00e9 Stra\u00dfe \u{1f513}', hash))
})

t.test('NUL characters and blanks count', async (t) => {
  const hash = await hashPassword('before\u0000after', COST)
  t.ok(await verifyPassword('before\u0000after', hash))
  t.notOk(await verifyPassword('before', hash))
  t.notOk(await verifyPassword('before\u0000', hash))
  t.notOk(await verifyPassword(' before\u0000after', hash))
})

t.test('a hash that is none verifies nothing', async (t) => {
  const right = await verifyPassword('anything', '').catch(() => false)
  t.notOk(right)
})

t.test('digests', async (t) => {
  const expected = createHash('sha256').update('at_token').digest()
  t.same(sha256('at_token'), expected)
  t.equal(fingerprint('at_token'), expected.toString('base64url'))
  t.ok(sameDigest(expected, sha256('at_token')))
  t.notOk(sameDigest(expected, sha256('at_other')))
  t.notOk(sameDigest(expected, expected.subarray(1)))
})
