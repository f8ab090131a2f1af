import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { detect, type FileKind } from '../../operations/files/content/detect.ts'
import { sampleClip, sampleTone } from '../../operations/files/sample-media.ts'
import {
  compoundFile,
  docx,
  matroska,
  mp3,
  mp4,
  officePackage,
  ogg,
  pdf,
  WORD_MAIN,
  zip,
} from '../support/files.ts'

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
const strict = 'http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument'
const docxRels = (
  target: string,
  type = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument',
) => `<Relationships xmlns="r"><Relationship Id="a" Type="${type}" Target="${target}"/></Relationships>`
const docxTypes = Buffer.from(
  `\ufeff<t:Types xmlns:t="t"><t:Override PartName="/Word/document.xml" ContentType="${WORD_MAIN}"/></t:Types>`,
  'utf16le',
)
const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'

t.test('what a file is taken for, by its content', async (t) => {
  const table: [string, Buffer, Record<string, string>][] = [
    ['PDF', pdf(), { document: 'application/pdf' }],
    ['DOC', compoundFile('1Table', 'WordDocument'), { document: 'application/msword' }],
    ['XLS', compoundFile('Workbook'), {}],
    ['MSI and the like', compoundFile('SomethingElse'), {}],
    [
      'PDF behind a line of its sender',
      Buffer.concat([Buffer.from('\r\n\ufeff'), pdf()]),
      { document: 'application/pdf' },
    ],
    [
      'PDF at the last place for its mark',
      Buffer.concat([Buffer.alloc(1019, 32), pdf()]),
      { document: 'application/pdf' },
    ],
    ['PDF beyond that', Buffer.concat([Buffer.alloc(1024, 32), pdf()]), {}],
    ['a text that names the mark of PDF', Buffer.from('A PDF begins with %PDF-1.7, you know.'), {}],
    [
      'XLS with a Word document in it',
      compoundFile('Workbook', {
        name: 'MBD0',
        type: 'folder',
        inside: [{ name: 'WordDocument', type: 'stream' }],
      }),
      {},
    ],
    [
      'DOC of many streams',
      compoundFile(...'abcdefghijkl', 'WordDocument', ...'mnop'),
      { document: 'application/msword' },
    ],
    ['DOCX', docx(), { document: word }],
    [
      'DOCX as Word Online writes it',
      zip(officePackage('word/document2.xml', WORD_MAIN)),
      { document: word },
    ],
    [
      'DOCX with an absolute target',
      docx({ '_rels/.rels': docxRels('/word/document.xml') }),
      { document: word },
    ],
    ['DOCX with prefixes, in UTF-16', docx({ '[Content_Types].xml': docxTypes }), { document: word }],
    [
      'DOCX of the strict form',
      docx({ '_rels/.rels': docxRels('word/document.xml', strict) }),
      { document: word },
    ],
    ['DOCX, packed', zip(officePackage('word/document.xml', WORD_MAIN), 'packed'), { document: word }],
    [
      'DOCX whose document comes first',
      zip({ 'word/document.xml': 'x', ...officePackage('word/document.xml', WORD_MAIN) }),
      { document: word },
    ],
    ['a Word document with macros', docx({ 'word/vbaProject.bin': 'x' }), {}],
    ['one with macros of another name', docx({ 'word/mine.bin': 'x' }), {}],
    [
      'a template',
      zip(officePackage('word/document.xml', WORD_MAIN.replace('document.main', 'template.main'))),
      {},
    ],
    [
      'one whose main part is missing',
      zip(officePackage('word/a.xml', WORD_MAIN, { '_rels/.rels': docxRels('word/b.xml') })),
      {},
    ],
    [
      'one whose main part is elsewhere',
      docx({ '_rels/.rels': docxRels('https://example.com/word/document.xml" TargetMode="External') }),
      {},
    ],
    ['one whose lists are no XML', docx({ '[Content_Types].xml': '<Types><' }), {}],
    [
      'one whose list unpacks to very much',
      zip(
        { ...officePackage('word/document.xml', WORD_MAIN), '[Content_Types].xml': ' '.repeat(20_000_000) },
        'packed',
      ),
      {},
    ],
    [
      'XLSX',
      zip(
        officePackage(
          'xl/workbook.xml',
          'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml',
          { 'word/document.xml': 'x' },
        ),
      ),
      {},
    ],
    ['ZIP', zip({ 'readme.txt': 'hello' }), {}],
    ['a ZIP cut short', docx().subarray(0, 60), {}],
    ['WebM with sound', matroska({}, 'audio'), { audio: 'audio/webm' }],
    ['WebM with a picture', matroska({}, 'video'), { video: 'video/webm' }],
    ['WebM with both', matroska({}, 'audio', 'video'), { video: 'video/webm' }],
    ['WebM that does not tell', matroska({}), { audio: 'audio/webm', video: 'video/webm' }],
    ['the sample clip', sampleClip(), { video: 'video/webm' }],
    [
      'WebM with a large element before its tracks',
      matroska({ before: 400_000 }, 'video'),
      { video: 'video/webm' },
    ],
    ['WebM with its tracks at the end', matroska({ tracks: 'at the end' }, 'audio'), { audio: 'audio/webm' }],
    [
      'WebM with its tracks at the end, told by an index',
      matroska({ tracks: 'at the end, told' }, 'audio'),
      { audio: 'audio/webm' },
    ],
    ['EBML of no kind', Buffer.from('1a45dfa3', 'hex'), {}],
    ['Matroska of another kind', matroska({ docType: 'matroska' }, 'video'), {}],
    ['MP4 with sound', mp4(['soun']), { audio: 'audio/mp4' }],
    ['MP4 with both', mp4(['soun', 'vide']), { video: 'video/mp4' }],
    ['MP4 with its list of tracks at the end', mp4(['soun'], 'data first'), { audio: 'audio/mp4' }],
    [
      'MP4 with free space first',
      Buffer.concat([Buffer.from('0000000c6672656500000000', 'hex'), mp4(['soun'])]),
      { audio: 'audio/mp4' },
    ],
    ['MP4 of a phone', mp4(['soun'], 'movie first', '3gp4\0\0\0\0isom3gp4'), { audio: 'audio/mp4' }],
    ['3GPP', mp4(['soun'], 'movie first', '3gp4\0\0\0\x003gp4'), {}],
    ['QuickTime', mp4(['vide'], 'movie first', 'qt  \0\0\0\0qt  '), {}],
    ['a moving picture of AVIF', mp4(['pict'], 'movie first', 'avis\0\0\0\0msf1iso8'), {}],
    [
      'WAV with a list before its format',
      Buffer.concat([
        sampleTone(0.1).subarray(0, 12),
        Buffer.from('JUNK\x03\0\0\0abc\0', 'latin1'),
        sampleTone(0.1).subarray(12),
      ]),
      { audio: 'audio/wav' },
    ],
    ['RIFF of another form', Buffer.from('RIFF\0\0\0\0AVI LIST'), {}],
    ['WAV', sampleTone(0.1), { audio: 'audio/wav' }],
    ['Ogg Opus', ogg('OpusHead'), { audio: 'audio/ogg' }],
    ['Ogg Vorbis', ogg('\x01vorbis'), { audio: 'audio/ogg' }],
    ['Ogg Theora with Vorbis', ogg('\x01vorbis', '\x80theora'), { video: 'video/ogg' }],
    ['MP3', mp3(), { audio: 'audio/mpeg' }],
    ['MP3 with an ID3 tag', id3, { audio: 'audio/mpeg' }],
    [
      'MP3 with a large picture in its tag',
      Buffer.concat([Buffer.from('ID3\x04\0\0\0\x10\0\0', 'latin1'), Buffer.alloc(16 * 16_384), mp3()]),
      { audio: 'audio/mpeg' },
    ],
    [
      'MP3 with two tags and blanks',
      Buffer.concat([id3.subarray(0, 20), id3.subarray(0, 20), Buffer.alloc(500), mp3(6)]),
      { audio: 'audio/mpeg' },
    ],
    ['MP3 cut within a frame', mp3(8).subarray(200), { audio: 'audio/mpeg' }],
    ['an ID3 tag before something else', Buffer.concat([id3.subarray(0, 20), Buffer.alloc(900, 1)]), {}],
    ['AAC', aac, {}],
    ['AAC with an ID3 tag', Buffer.concat([id3.subarray(0, 20), aac]), {}],
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
    matroska({}, 'audio'),
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
