import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { detect, type FileKind } from '../../operations/files/content/detect.ts'
import { sampleClip, sampleTone } from '../../operations/files/sample-media.ts'
import { compoundFile, docx, matroska, mp3, mp4, ogg, pdf, zip } from '../support/files.ts'

const dir = t.testdir()
let count = 0

async function kindsOf(content: Buffer): Promise<Record<string, string>> {
  count += 1
  const path = join(dir, `file-${count}`)
  await writeFile(path, content)
  const kinds: Record<string, string> = {}
  for (const kind of ['document', 'audio', 'video'] satisfies FileKind[]) {
    const found = await detect(path, kind)
    if (found) kinds[kind] = found.contentType
  }
  return kinds
}

const id3 = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\x0a', 'latin1'), Buffer.alloc(10), mp3()])
const aac = Buffer.concat(Array.from({ length: 4 }, () => Buffer.from('fff15080043ffc00', 'hex')))
const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'

t.test('what a file is taken for, by its content', async (t) => {
  const table: [string, Buffer, Record<string, string>][] = [
    ['PDF', pdf(), { document: 'application/pdf' }],
    ['DOC', compoundFile('1Table', 'WordDocument'), { document: 'application/msword' }],
    ['XLS', compoundFile('Workbook'), {}],
    ['MSI and the like', compoundFile('SomethingElse'), {}],
    ['DOCX', docx(), { document: word }],
    [
      'DOCX whose document comes first',
      zip({ 'word/document.xml': 'x', '[Content_Types].xml': 'y' }),
      { document: word },
    ],
    ['a Word document with macros', docx({ 'word/vbaProject.bin': 'x' }), {}],
    ['XLSX', zip({ '[Content_Types].xml': '<Types/>', 'xl/workbook.xml': 'x' }), {}],
    ['ZIP', zip({ 'readme.txt': 'hello' }), {}],
    ['a ZIP cut short', docx().subarray(0, 60), {}],
    ['WebM with sound', matroska('webm', 'audio'), { audio: 'audio/webm' }],
    ['WebM with a picture', matroska('webm', 'video'), { video: 'video/webm' }],
    ['WebM with both', matroska('webm', 'audio', 'video'), { video: 'video/webm' }],
    ['WebM that does not tell', matroska('webm'), { audio: 'audio/webm', video: 'video/webm' }],
    ['the sample clip', sampleClip(), { video: 'video/webm' }],
    ['Matroska of another kind', matroska('matroska', 'video'), {}],
    ['MP4 with sound', mp4(['soun']), { audio: 'audio/mp4' }],
    ['MP4 with both', mp4(['soun', 'vide']), { video: 'video/mp4' }],
    ['MP4 with its list of tracks at the end', mp4(['soun'], 'data first'), { audio: 'audio/mp4' }],
    ['WAV', sampleTone(0.1), { audio: 'audio/wav' }],
    ['Ogg Opus', ogg('OpusHead'), { audio: 'audio/ogg' }],
    ['Ogg Vorbis', ogg('\x01vorbis'), { audio: 'audio/ogg' }],
    ['Ogg Theora with Vorbis', ogg('\x01vorbis', '\x80theora'), { video: 'video/ogg' }],
    ['MP3', mp3(), { audio: 'audio/mpeg' }],
    ['MP3 with an ID3 tag', id3, { audio: 'audio/mpeg' }],
    ['AAC', aac, {}],
    ['the mark of an MP3 frame before something else', Buffer.concat([mp3(1), Buffer.alloc(900, 1)]), {}],
    ['PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), {}],
    ['a program', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]), {}],
    ['HTML', Buffer.from('<!doctype html><script>alert(1)</script>'), {}],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), {}],
    ['text', Buffer.from('%PD-1.4 nearly'), {}],
    ['nothing', Buffer.alloc(0), {}],
  ]
  for (const [name, content, expected] of table) t.same(await kindsOf(content), expected, name)
})

t.test('neither damage nor chance makes it throw', async (t) => {
  const files = [
    compoundFile('WordDocument'),
    docx(),
    matroska('webm', 'audio'),
    mp4(['vide'], 'data first'),
    ogg('OpusHead'),
    mp3(),
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 20 }),
      fc.nat(2000),
      async (file, changes, length) => {
        const damaged = Buffer.from(file.subarray(0, length))
        for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value
        await kindsOf(damaged)
      },
    ),
    { numRuns: 100 },
  )
  for (let round = 0; round < 20; round += 1) t.same(await kindsOf(randomBytes(3000)), {}, 'random bytes')
})
