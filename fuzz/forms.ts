import fc, { type Arbitrary } from 'fast-check'
import type { PlannedBody } from './plan.ts'

const BOUNDARY = 'fuzz-boundary'

const files = [
  '%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
  'email,name\nada@fuzz.invalid,Ada\nalan@fuzz.invalid,Alan\n',
  'sep=;\nname;email;note\n"Ada";ada-2@fuzz.invalid;"a;b"\n',
  'email,name\n"broken,quote\n',
  '\xff\xfee\x00m\x00a\x00i\x00l\x00,\x00n\x00a\x00m\x00e\x00\n\x00',
  `PK\x03\x04${'\x00'.repeat(60)}`,
  `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${'\x00'.repeat(504)}`,
  '\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm',
  'RIFF\x24\x00\x00\x00WAVEfmt ',
  '\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom',
  '',
  '\x00',
  'x'.repeat(70_000),
]

const names = ['cv.pdf', 'a"b\\c.pdf', '../../x.pdf', 'İ\u202efdp.exe', '', 'x'.repeat(500)]
const fields = ['file', 'file', 'file', 'sendEmail', 'expiresInHours', 'questionId', '__proto__', '']

/** A multipart body: mostly one file in the field `file`, sometimes what no form sends. */
export function formBody(): Arbitrary<PlannedBody> {
  const part = fc.record({
    field: fc.constantFrom(...fields),
    name: fc.option(fc.constantFrom(...names), { nil: null, freq: 6 }),
    type: fc.constantFrom(
      'application/pdf',
      'text/csv',
      'audio/webm',
      'video/mp4',
      'application/octet-stream',
      'x',
    ),
    content: fc.constantFrom(...files, 'true', '24'),
  })
  const good = part.map((one) => [{ ...one, field: 'file', name: one.name ?? 'file' }])
  const ending = fc.constantFrom('--\r\n', '--\r\n', '--\r\n', '', '--\r\nafterwards')
  return fc
    .tuple(
      fc.oneof({ weight: 4, arbitrary: good }, { weight: 1, arbitrary: fc.array(part, { maxLength: 6 }) }),
      ending,
    )
    .map(([parts, end]) => ({
      type: `multipart/form-data; boundary=${BOUNDARY}`,
      bytes: `${parts.map(partText).join('')}--${BOUNDARY}${end}`,
    }))
}

function partText(part: { field: string; name: string | null; type: string; content: string }): string {
  const quoted = Buffer.from((part.name ?? '').replaceAll('"', '%22')).toString('latin1')
  const name = part.name === null ? '' : `; filename="${quoted}"`
  const type = part.name === null ? '' : `Content-Type: ${part.type}\r\n`
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${part.field}"${name}\r\n${type}\r\n${part.content}\r\n`
}
