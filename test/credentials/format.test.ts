import { isDeepStrictEqual } from 'node:util'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { BASE62, encodeBase62, randomBase62 } from '../../credentials/base62.ts'
import {
  type CredentialPrefix,
  claimedPrefix,
  containsCredential,
  displayPrefix,
  generateCredential,
  parseCredential,
  redactCredentials,
} from '../../credentials/format.ts'

const prefixes: readonly CredentialPrefix[] = [
  ...(['sk_live_', 'sk_dev_', 'sk_staging_', 'at_', 'rt_'] as const),
  ...(['oat_', 'ort_', 'inv_', 'ist_'] as const),
]
const anyPrefix = fc.constantFrom(...prefixes)
const anyBase62 = (length: number) =>
  fc.string({ unit: fc.constantFrom(...BASE62), minLength: length, maxLength: length })

/** A credential as the contract words it, built without the code under test. */
const anyCredential = fc.tuple(anyPrefix, anyBase62(44)).map(([prefix, body]) => {
  const payload = prefix + body
  let checksum = ''
  for (let rest = crc32(payload); checksum.length < 6; rest = Math.floor(rest / 62)) {
    checksum = BASE62[rest % 62] + checksum
  }
  return { prefix, body, text: payload + checksum }
})

t.test('every generated credential parses into what it was made of', async (t) => {
  for (const prefix of prefixes) {
    for (let count = 0; count < 500; count += 1) {
      const made = generateCredential(prefix)
      const { text, ...parts } = made
      if (!isDeepStrictEqual(parseCredential(text), parts)) t.fail(`${prefix} round trip`)
      if (text !== prefix + parts.publicId + parts.secret + text.slice(-6)) t.fail('parts in order')
    }
  }
  const { text } = generateCredential('sk_live_')
  t.match(text, /^sk_live_[0-9A-Za-z]{12}[0-9A-Za-z]{32}[0-9A-Za-z]{6}$/)
})

t.test('what the contract words is parsed, whoever wrote it', async () => {
  fc.assert(
    fc.property(anyCredential, ({ prefix, body, text }) => {
      const parsed = parseCredential(text)
      return (
        parsed?.prefix === prefix &&
        parsed.publicId === body.slice(0, 12) &&
        parsed.secret === body.slice(12) &&
        displayPrefix(parsed) === text.slice(0, prefix.length + 12) &&
        claimedPrefix(text) === prefix
      )
    }),
  )
})

t.test(
  'every change of one character is refused, at each position and for each other character',
  async (t) => {
    for (const prefix of prefixes) {
      const { text } = generateCredential(prefix)
      let accepted = 0
      for (let position = 0; position < text.length; position += 1) {
        for (const character of `${BASE62}_-+/=. é\u0000\n`) {
          if (character === text[position]) continue
          if (parseCredential(text.slice(0, position) + character + text.slice(position + 1))) accepted += 1
        }
      }
      t.equal(accepted, 0, prefix)
    }
  },
)

t.test('what was cut, extended, doubled, swapped around or given another prefix is refused', async (t) => {
  for (const prefix of prefixes) {
    const { text } = generateCredential(prefix)
    const altered = [
      ...Array.from(text, (_, index) => text.slice(0, index)),
      ...Array.from(text.slice(1), (_, index) => text.slice(index + 1)),
      ...Array.from(text, (_, index) => text.slice(0, index) + text.slice(index + 1)),
      ...Array.from(text, (character, index) => text.slice(0, index) + character + text.slice(index)).filter(
        (other) => other !== text,
      ),
      ...Array.from(`${BASE62} \n\t`, (character) => text + character),
      ...Array.from(`${BASE62} \n\t`, (character) => character + text),
      ...prefixes.filter((other) => other !== prefix).map((other) => other + text.slice(prefix.length)),
      text.toUpperCase(),
      text + text,
      `Bearer ${text}`,
    ]
    t.strictSame(
      altered.filter((other) => parseCredential(other) !== null),
      [],
      prefix,
    )
    const swapped = Array.from(
      text,
      (_, index) => text.slice(0, index) + (text[index + 1] ?? '') + text[index] + text.slice(index + 2),
    ).filter((other) => other !== text)
    t.strictSame(
      swapped.filter((other) => parseCredential(other) !== null),
      [],
      `${prefix}: neighbours swapped`,
    )
  }
})

t.test('an invented text of the right shape is refused but for one in 62^6', async () => {
  fc.assert(
    fc.property(anyPrefix, anyBase62(50), (prefix, body) => parseCredential(prefix + body) === null),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.string(), (text) => parseCredential(text) === null),
    { examples: [[''], ['sk_live_'], ['sk_dev_abc123'], ['inv_8f7d9e2c1a0b3h4k5j6m'], ['__proto__']] },
  )
})

t.test('checksums of known texts', async (t) => {
  const zeros = '0'.repeat(44)
  t.equal(crc32('123456789'), 0xcbf43926, 'CRC-32 as ISO 3309 has it')
  t.equal(encodeBase62(0, 6), '000000')
  t.equal(encodeBase62(61, 1), 'z')
  t.equal(encodeBase62(62, 2), '10')
  t.equal(encodeBase62(0xffffffff, 6), '4gfFC3')
  t.ok(parseCredential(`sk_live_${zeros}${encodeBase62(crc32(`sk_live_${zeros}`), 6)}`))
  fc.assert(
    fc.property(fc.nat(0xffffffff), (value) => {
      const text = encodeBase62(value, 6)
      return (
        text.length === 6 && [...text].reduce((sum, digit) => sum * 62 + BASE62.indexOf(digit), 0) === value
      )
    }),
  )
})

t.test('random base62 text uses each character about equally, and never repeats', async (t) => {
  const counts = new Map<string, number>()
  const draws = 62 * 2000
  for (const character of randomBase62(draws)) counts.set(character, (counts.get(character) ?? 0) + 1)
  t.equal(counts.size, 62)
  // Chi-squared with 61 degrees of freedom: 150 is passed by chance once in 10^8 runs. A plain `byte % 62` gives
  // the first eight characters a quarter more and about 1100.
  const squared = [...counts.values()].reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
  t.ok(squared < 150, `chi-squared ${squared}`)
  const drawn = new Set(Array.from({ length: 10_000 }, () => randomBase62(12)))
  t.equal(drawn.size, 10_000)
  t.equal(randomBase62(0), '')
})

t.test('a credential is found in any text, and cut down to its prefix', async (t) => {
  fc.assert(
    fc.property(
      anyCredential,
      fc.string({ unit: fc.constantFrom(...' /?&=.:%') }),
      fc.string({ unit: fc.constantFrom(...' /?&=.:%') }),
      ({ prefix, body, text }, before, after) => {
        const redacted = redactCredentials(before + text + after)
        return (
          containsCredential(before + text + after) &&
          redacted === `${before}${prefix}[redacted]${after}` &&
          !redacted.includes(body.slice(12))
        )
      },
    ),
  )
  t.ok(containsCredential(`whsec_${Buffer.alloc(32, 7).toString('base64')}`))
  t.equal(redactCredentials(`a whsec_${Buffer.alloc(32, 7).toString('base64')} b`), 'a whsec_[redacted] b')
  t.notOk(containsCredential('/api/campaigns/cmp_01jd8m3k5ve2pt7c9x4hw6qa0z'), 'ids are no credentials')
  t.notOk(containsCredential('/api/invites/inv_01jd8m3k5ve2pt7c9x4hw6qa0z'), 'ids of invites are none either')
  t.notOk(containsCredential('sk_live_ abc'), 'nor is a prefix alone')
  t.notOk(containsCredential('?state=Zx9at_0123456789abcdefghijABCDEFGHIJ'), 'nor random text that holds at_')
  t.ok(
    containsCredential(`/x${generateCredential('sk_live_').text}`),
    'a key is one in the middle of a word too',
  )
})
