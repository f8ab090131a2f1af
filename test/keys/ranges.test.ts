import fc from 'fast-check'
import t from 'tap'
import { compileAllowList, isWithin } from '../../credentials/allow-list.ts'
import { smallestRanges } from '../../operations/keys/ranges.ts'

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.nat(3), fc.nat(255)).map(([third, last]) => `192.0.${third}.${last}`),
)

t.test('ranges hold every address they were made of, are few enough, and none holds another', (t) => {
  fc.assert(
    fc.property(
      fc.array(address, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 2, max: 10 }),
      (ips, most) => {
        const ranges = smallestRanges(ips, most)
        const accepts = compileAllowList(ranges)
        return (
          accepts !== null &&
          ips.every(accepts) &&
          ranges.length <= most &&
          ranges.every((range, index) => !isWithin(range, ranges.toSpliced(index, 1)))
        )
      },
    ),
    { numRuns: 300 },
  )
  t.end()
})

t.test('few addresses stay as they are; neighbours share the narrowest range that holds them', (t) => {
  t.strictSame(smallestRanges(['192.0.2.7', '2001:db8::1', 'unknown'], 2), ['192.0.2.7', '2001:db8::1'])
  t.strictSame(smallestRanges(['192.0.2.8', '192.0.2.9', '192.0.2.11', '198.51.100.1'], 2), [
    '192.0.2.8/30',
    '198.51.100.1',
  ])
  t.strictSame(smallestRanges([], 2), [])
  t.end()
})
