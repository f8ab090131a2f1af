import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { seal, unseal } from '../../credentials/seal.ts'

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
const anyText = fc.string({ unit: 'binary', maxLength: 300 })

t.test('what was sealed opens with the same key and context', async () => {
  fc.assert(
    fc.property(
      anyKey,
      anyText,
      anyText,
      (key, context, text) => unseal(key, context, seal(key, context, text)) === text,
    ),
  )
})

t.test('another key or another context does not open it', async (t) => {
  const key = randomBytes(32)
  const sealed = seal(key, 'webhooks whk_1', 'whsec_secret')
  t.throws(() => unseal(randomBytes(32), 'webhooks whk_1', sealed))
  t.throws(() => unseal(key, 'webhooks whk_2', sealed))
  t.throws(() => unseal(key, '', sealed))
})

t.test('a changed bit, a missing end or more of it is noticed', async (t) => {
  const key = randomBytes(32)
  const sealed = seal(key, 'context', 'a secret')
  const altered = [
    ...Array.from({ length: sealed.length * 8 }, (_, index) => {
      const changed = Buffer.from(sealed)
      changed[index >> 3] = (changed[index >> 3] ?? 0) ^ (1 << (index & 7))
      return changed
    }),
    ...Array.from(sealed, (_, length) => sealed.subarray(0, length)),
    Buffer.concat([sealed, Buffer.from([0])]),
  ]
  t.same(
    altered.filter((buffer) => opens(key, buffer)),
    [],
  )
})

function opens(key: Buffer, sealed: Buffer): boolean {
  try {
    unseal(key, 'context', sealed)
    return true
  } catch {
    return false
  }
}

t.test('the same text sealed twice looks different, and neither shows it', async (t) => {
  const key = randomBytes(32)
  const one = seal(key, 'context', 'sk_live_secret')
  const other = seal(key, 'context', 'sk_live_secret')
  t.notSame(one, other)
  t.notOk(one.includes('sk_live_'))
})
