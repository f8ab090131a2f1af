import t from 'tap'
import { parse, stringify, validate, version } from 'uuid'
import { idTime } from '../../schemas/id-time.ts'
import { newId } from '../../schemas/ids.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

t.test('an id is a prefix and a UUID version 7 in base32, later ones sort after it', async (t) => {
  const before = Date.now()
  const ids = Array.from({ length: 20_000 }, () => newId('req'))
  const after = Date.now()

  t.strictSame(ids, [...ids].sort(), 'in the order in which they were made')
  t.equal(new Set(ids).size, ids.length)
  const times = ids.map((id) => {
    const [prefix, digits = ''] = id.split('_')
    const uuid = uuidOf(digits)
    if (prefix !== 'req' || digits.length !== 26 || !validate(uuid) || version(uuid) !== 7) t.fail(id)
    // RFC 9562, 5.7: milliseconds since 1970 in the first 48 bits.
    const time = Buffer.from(parse(uuid)).readUIntBE(0, 6)
    if (idTime(id) !== time) t.fail(`${id}: ${idTime(id)} is not ${time}`)
    return time
  })
  t.ok((times[0] as number) >= before)
  t.ok((times.at(-1) as number) <= after)
})

/** The 26 digits as the TypeID specification reads them: a number of 128 bits. */
function uuidOf(digits: string): string {
  let number = 0n
  for (const digit of digits) number = number * 32n + BigInt(ALPHABET.indexOf(digit))
  return stringify(Buffer.from(number.toString(16).padStart(32, '0'), 'hex'))
}
