import fc from 'fast-check'
import t from 'tap'
import { compileAllowList, isWithin, normaliseEntry } from '../../credentials/allow-list.ts'

t.test('entries are kept in one form', async (t) => {
  const forms: [string, string | null][] = [
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7/32', '203.0.113.7/32'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::1/128', '2001:db8::1/128'],
    ['2001:db8:ffff::1/33', '2001:db8:8000::/33'],
    ['::/0', '::/0'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
  ]
  for (const [given, kept] of forms) t.equal(normaliseEntry(given), kept, given)
})

t.test('what programs read in different ways is refused', async (t) => {
  const bad = [
    '',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '010.0.0.1',
    '10.0.0.256',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/08 ',
    '10.0.0.0/255.0.0.0',
    ' 10.0.0.1',
    '10.0.0.1:443',
    '[2001:db8::1]',
    '2001:db8::1/129',
    '2001:db8:::1',
    'fe80::1%eth0',
    '::ffff:0:0/90',
    '*',
  ]
  for (const entry of bad) t.equal(normaliseEntry(entry), null, entry)
})

t.test('a caller is met in whatever form its address comes', async (t) => {
  const allows = compileAllowList(['203.0.113.7', '10.0.0.0/8', '2001:db8::/32', 'fe80::1']) as (
    ip: string,
  ) => boolean
  for (const ip of [
    '203.0.113.7',
    '::ffff:203.0.113.7',
    '::ffff:cb00:7107',
    '203.0.113.7:50001',
    '10.255.0.1',
    '2001:db8:1::',
    '[2001:db8:1::]:443',
    'fe80::1%eth0',
  ])
    t.equal(allows(ip), true, ip)
  for (const ip of [
    '203.0.113.8',
    '11.0.0.1',
    '2001:db9::',
    '::1',
    'unknown',
    '',
    '203.0.113.8:80',
    '::cb00:7107',
  ])
    t.equal(allows(ip), false, ip)
  t.equal(compileAllowList([]), null)
})

t.test('an address is allowed exactly where the bits before the prefix agree', async () => {
  const word = fc.integer({ min: 0, max: 0xffffffff })
  fc.assert(
    fc.property(word, word, fc.integer({ min: 0, max: 32 }), (network, address, bits) => {
      const entry = normaliseEntry(`${dotted(network)}/${bits}`) as string
      const same = bits === 0 || network >>> (32 - bits) === address >>> (32 - bits)
      const allows = compileAllowList([entry]) as (ip: string) => boolean
      return (
        allows(dotted(address)) === same &&
        allows(`::ffff:${dotted(address)}`) === same &&
        isWithin(dotted(address), [entry]) === same &&
        normaliseEntry(entry) === entry
      )
    }),
  )
})

t.test('a range is within a wider one of its kind', async (t) => {
  t.equal(isWithin('10.1.0.0/16', ['10.0.0.0/8']), true)
  t.equal(isWithin('10.0.0.0/8', ['10.1.0.0/16']), false)
  t.equal(isWithin('10.0.0.0/8', ['10.0.0.0/8', '::/0']), true)
  t.equal(isWithin('10.0.0.0/8', ['::/0']), false)
  t.equal(isWithin('no address', ['0.0.0.0/0']), false)
})

function dotted(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.')
}
