import fc from 'fast-check'
import t from 'tap'
import { networkOf, plainAddress, UNKNOWN_ADDRESS } from '../../credentials/addresses.ts'

t.test('an address has one form, however sockets and proxies write it', async (t) => {
  const forms: [string, string][] = [
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:50001', '203.0.113.9'],
    [' 203.0.113.9 ', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9'],
    ['::ffff:203.0.113.9:50001', '203.0.113.9'],
    ['[::ffff:203.0.113.9]:50001', '203.0.113.9'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['2001:db8::1:443', '2001:db8::1:443'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:443', 'fe80::1'],
  ]
  for (const [written, plain] of forms) t.equal(plainAddress(written), plain, written)
})

t.test('what is no address, or another one to some programs, is unknown', async (t) => {
  for (const text of [
    undefined,
    '',
    'unknown',
    '_hidden',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '010.0.0.1',
    '256.0.0.1',
    '1.2.3.4.5',
    '1.2.3.4:',
    '1.2.3.4:123456',
    '[1.2.3.4',
    '[2001:db8::1]:',
    '2001:db8:::1',
    '1.2.3.4\t5',
    '1.2.3.4\n',
  ]) {
    const expected = text === '1.2.3.4\n' ? '1.2.3.4' : UNKNOWN_ADDRESS
    t.equal(plainAddress(text), expected, JSON.stringify(text))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => /^[\da-f.:]+$|^unknown$/.test(plainAddress(text))),
  )
})

t.test('what counts addresses counts an IPv4 address, and a /64 block of IPv6', async (t) => {
  const networks: [string, string][] = [
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:50001', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]:443', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['::1', '::/64'],
    ['nothing', UNKNOWN_ADDRESS],
  ]
  for (const [address, network] of networks) t.equal(networkOf(address), network, address)
  const word = fc.integer({ min: 0, max: 0xffff })
  const words = fc
    .array(word, { minLength: 4, maxLength: 4 })
    .map((four) => four.map((each) => each.toString(16)))
  fc.assert(
    fc.property(words, words, words, (block, one, other) => {
      const [a, b] = [one, other].map((host) => [...block, ...host].join(':')) as [string, string]
      return networkOf(a) === networkOf(b) && networkOf(plainAddress(a)) === networkOf(a)
    }),
  )
})
