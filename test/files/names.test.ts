import fc from 'fast-check'
import t from 'tap'
import { FileLinks } from '../../operations/files/links.ts'
import { contentDisposition, displayName } from '../../operations/files/names.ts'
import { readRange } from '../../operations/files/range.ts'

// Any characters, and those alone that something is done about.
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ unit: fc.constantFrom(...' ./\\e\u0301\u0000\u202e'), maxLength: 400 }),
)

t.test('the name that is shown', async (t) => {
  const table: [string | undefined, string][] = [
    ['cv.pdf', 'cv.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\ada\\cv.pdf', 'cv.pdf'],
    ['/', 'file.pdf'],
    ['..', 'file.pdf'],
    ['', 'file.pdf'],
    [undefined, 'file.pdf'],
    ['  cv\r\nSet-Cookie: x.pdf ', 'cvSet-Cookie: x.pdf'],
    ['cv\u202efdp.exe', 'cvfdp.exe'],
    ['Lebenslauf Müller.pdf', 'Lebenslauf Müller.pdf'],
    ['履歴書.docx', '履歴書.docx'],
    [`${'x'.repeat(300)}.docx`, `${'x'.repeat(195)}.docx`],
    // What is taken out or cut off leaves a name that would be shown in the same way again.
    ['e\u0000\u0301.pdf', '\u00e9.pdf'],
    [`${'x'.repeat(199)} y`, 'x'.repeat(199)],
    [`${'.'.repeat(200)}-x`, 'file.pdf'],
  ]
  for (const [given, shown] of table) t.equal(displayName(given, 'pdf'), shown, JSON.stringify(given))
  fc.assert(
    fc.property(anyText, (given) => {
      const shown = displayName(given, 'pdf')
      return (
        shown.length > 0 &&
        [...shown].length <= 200 &&
        shown.isWellFormed() &&
        !/[/\\\p{Cc}]/u.test(shown) &&
        displayName(shown, 'pdf') === shown
      )
    }),
  )
})

t.test('Content-Disposition', async (t) => {
  t.equal(contentDisposition('cv.pdf'), 'attachment; filename="cv.pdf"')
  t.equal(
    contentDisposition('Müller "neu".pdf'),
    `attachment; filename="Muller _neu_.pdf"; filename*=UTF-8''M%C3%BCller%20%22neu%22.pdf`,
  )
  fc.assert(
    fc.property(anyText, (given) => {
      const name = displayName(given, 'pdf')
      const match =
        /^attachment; filename="([ !#$&-[\]-~]*)"(?:; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]+))?$/.exec(
          contentDisposition(name),
        )
      if (!match) return false
      return (match[2] === undefined ? match[1] : decodeURIComponent(match[2])) === name
    }),
    { numRuns: 500 },
  )
})

t.test('ranges', async (t) => {
  const table: [string | undefined, ReturnType<typeof readRange>][] = [
    [undefined, null],
    ['bytes=0-', { start: 0, end: 99 }],
    ['bytes=10-19', { start: 10, end: 19 }],
    ['bytes=90-500', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-500', { start: 0, end: 99 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=20-10', null],
    ['bytes=-', null],
    ['bytes=0-1,5-6', null],
    ['lines=0-1', null],
    ['bytes=x', null],
  ]
  for (const [header, expected] of table) t.same(readRange(header, 100), expected, String(header))
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(1000), fc.integer({ min: 1, max: 500 }), (start, end, size) => {
      const range = readRange(`bytes=${start}-${end}`, size)
      if (range === null) return end < start
      if (range === 'unsatisfiable') return start >= size
      return range.start === start && range.end === Math.min(end, size - 1) && range.start <= range.end
    }),
  )
})

t.test('links', async (t) => {
  const links = new FileLinks(Buffer.alloc(32, 1), 'sandbox')
  const now = 1_900_000_000_000
  const { query, expiresAt } = links.sign('file_one', now)
  const given = new URLSearchParams(query)
  const expires = Number(given.get('expires'))
  const signature = given.get('signature') ?? ''
  t.equal(expiresAt.getTime(), now + 300_000)
  t.ok(links.verify('file_one', expires, signature, now))
  t.ok(links.verify('file_one', expires, signature, now + 299_999))
  t.notOk(links.verify('file_one', expires, signature, now + 300_000), 'expired')
  t.notOk(links.verify('file_two', expires, signature, now), 'another file')
  t.notOk(links.verify('file_one', expires + 1, signature, now), 'put off')
  t.notOk(links.verify('file_one', expires, '', now))
  t.notOk(links.verify('file_one', expires, `${signature}=`, now))
  t.notOk(new FileLinks(Buffer.alloc(32, 1), 'production').verify('file_one', expires, signature, now))
  t.notOk(new FileLinks(Buffer.alloc(32, 2), 'sandbox').verify('file_one', expires, signature, now))
  fc.assert(
    fc.property(fc.nat(signature.length - 1), fc.constantFrom(...'abcXYZ019-_'), (at, letter) => {
      const altered = signature.slice(0, at) + letter + signature.slice(at + 1)
      return altered === signature || !links.verify('file_one', expires, altered, now)
    }),
  )
})
