import { crc32, deflateRawSync } from 'node:zlib'

// Small files of each form, made of what tells their form: enough to be recognised, and to be told from their likes.

/** A PDF of one empty page. */
export function pdf(text = 'a résumé'): Buffer {
  return Buffer.from(`%PDF-1.4\n% ${text}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n`)
}

interface CompoundEntry {
  readonly name: string
  readonly type: 'folder' | 'stream'
  readonly inside?: readonly CompoundEntry[]
}

/** A compound file (MS-CFB) with these streams; `WordDocument` makes it a DOC, `Workbook` an XLS. */
export function compoundFile(...streams: (string | CompoundEntry)[]): Buffer {
  const SECTOR = 512
  const NONE = 0xffffffff
  const entries: Buffer[] = []
  // Sisters hang on each other to the right.
  const add = (list: readonly CompoundEntry[]): number =>
    list.reduceRight((right, { name, type, inside = [] }) => {
      entries.push(entryOf(name, type === 'stream' ? 2 : 1, right, add(inside)))
      return entries.length
    }, NONE)
  const entryOf = (name: string, type: number, right: number, child: number) => {
    const entry = Buffer.alloc(128)
    entry.write(name, 'utf16le')
    entry.writeUInt16LE((name.length + 1) * 2, 64)
    entry[66] = type
    entry.writeUInt32LE(NONE, 68)
    entry.writeUInt32LE(right, 72)
    entry.writeUInt32LE(child, 76)
    return entry
  }
  const child = add(streams.map((one) => (typeof one === 'string' ? { name: one, type: 'stream' } : one)))
  const directory = Buffer.concat([entryOf('Root Entry', 5, NONE, child), ...entries])
  const sectors = Math.ceil(directory.length / SECTOR)
  // The directory's sectors come last first, so that nothing but the chain leads through them.
  const table = Buffer.alloc(SECTOR, 0xff)
  table.writeUInt32LE(0xfffffffd, 0)
  for (let sector = 1; sector <= sectors; sector += 1)
    table.writeUInt32LE(sector === 1 ? 0xfffffffe : sector - 1, sector * 4)
  const header = Buffer.alloc(SECTOR)
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(header)
  header.writeUInt16LE(9, 30)
  header.writeUInt32LE(1, 44)
  header.writeUInt32LE(sectors, 48)
  header.writeUInt32LE(0xfffffffe, 68)
  header.fill(0xff, 76)
  header.writeUInt32LE(0, 76)
  const padded = Buffer.concat([directory, Buffer.alloc(sectors * SECTOR - directory.length)])
  const parts = Array.from({ length: sectors }, (_, index) =>
    padded.subarray(index * SECTOR, (index + 1) * SECTOR),
  )
  return Buffer.concat([header, table, ...parts.reverse()])
}

/** A ZIP file. */
export function zip(entries: Record<string, string | Buffer>, how: 'stored' | 'packed' = 'stored'): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(entries)) {
    const content = Buffer.from(text)
    const body = how === 'packed' ? deflateRawSync(content) : content
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(how === 'packed' ? 8 : 0, 4)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(body.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(name.length, 22)
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), body])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    central.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, tail, Buffer.from(name)]),
    )
    local.push(file)
    offset += file.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(central.length, 8)
  end.writeUInt16LE(central.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...local, directory, end])
}

const TYPES = 'http://schemas.openxmlformats.org/package/2006/content-types'
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/package/2006/relationships'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
export const WORD_MAIN = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'

/** A package (ECMA-376, part 2) with a main part of this name and type. */
export function officePackage(
  main: string,
  type: string,
  more: Record<string, string | Buffer> = {},
): Record<string, string | Buffer> {
  return {
    '[Content_Types].xml':
      `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="${TYPES}">` +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
      '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>' +
      `<Override PartName="/${main}" ContentType="${type}"/></Types>`,
    '_rels/.rels':
      `<?xml version="1.0"?><Relationships xmlns="${RELATIONSHIPS}">` +
      `<Relationship Id="a" Type="${OFFICE}/extended-properties" Target="docProps/app.xml"/>` +
      `<Relationship Id="b" Type="${OFFICE}/officeDocument" Target="${main}"/></Relationships>`,
    [main]: '<w:document/>',
    ...more,
  }
}

/** A Word document. */
export function docx(more: Record<string, string | Buffer> = {}): Buffer {
  return zip(officePackage('word/document.xml', WORD_MAIN, more))
}

/** An EBML element. */
function element(id: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(body.length) | (1n << 56n))
  return Buffer.concat([Buffer.from(id, 'hex'), size, body])
}

/** What is unlike a recorder's WebM. */
interface MatroskaForm {
  readonly docType?: string
  /** Bytes of an element before the tracks. */
  readonly before?: number
  readonly tracks?: 'at the end' | 'at the end, told'
}

/** A Matroska file whose tracks are of these kinds. */
export function matroska(form: MatroskaForm, ...kinds: ('audio' | 'video')[]): Buffer {
  const { docType = 'webm', before, tracks: place } = form
  const tracks = kinds.map((kind) =>
    element('ae', element('d7', Buffer.from([1])), element('83', Buffer.from([kind === 'video' ? 1 : 2]))),
  )
  const list = kinds.length > 0 ? [element('1654ae6b', ...tracks)] : []
  const cluster = element('1f43b675', element('e7', Buffer.from([0])), Buffer.alloc(600))
  const head = [
    element('1549a966', element('2ad7b1', Buffer.from([15, 66, 64]))),
    ...(before ? [element('ec', Buffer.alloc(before))] : []),
  ]
  const size = (parts: Buffer[]) => parts.reduce((sum, part) => sum + part.length, 0)
  const indexOf = (position: number) => {
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(BigInt(position))
    const entry = element('4dbb', element('53ab', Buffer.from('1654ae6b', 'hex')), element('53ac', number))
    return element('114d9b74', entry)
  }
  const told = place === 'at the end, told' ? [indexOf(indexOf(0).length + size([...head, cluster]))] : []
  // A recorder does not know how long it will go on: the sizes of its segment and of its last cluster are the one for
  // unknown.
  const segment = Buffer.from('1853806701ffffffffffffff', 'hex')
  if (told.length > 0) cluster.fill(0xff, 5, 12)
  return Buffer.concat([
    element('1a45dfa3', element('4282', Buffer.from(docType))),
    segment,
    ...told,
    ...head,
    ...(place ? [cluster, ...list] : [...list, cluster]),
  ])
}

function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const header = Buffer.alloc(8)
  header.writeUInt32BE(body.length + 8)
  header.write(type, 4, 'latin1')
  return Buffer.concat([header, body])
}

/** An MP4 file with a track for each handler (`vide`, `soun`); the data may come first. */
export function mp4(
  handlers: string[],
  order: 'movie first' | 'data first' = 'movie first',
  brands = 'isom\0\0\x02\0isomiso2mp41',
): Buffer {
  const tracks = handlers.map((handler) => {
    const fields = Buffer.alloc(24)
    fields.write(handler, 8, 'latin1')
    return box('trak', box('tkhd', Buffer.alloc(20)), box('mdia', box('hdlr', fields)))
  })
  const movie = box('moov', box('mvhd', Buffer.alloc(20)), ...tracks)
  const data = box('mdat', Buffer.alloc(5000, 7))
  const type = box('ftyp', Buffer.from(brands, 'latin1'))
  return Buffer.concat(order === 'movie first' ? [type, movie, data] : [type, data, movie])
}

/** An Ogg file whose streams begin with these marks, e.g. `OpusHead`. */
export function ogg(...marks: string[]): Buffer {
  const pages = marks.map((mark, index) => {
    const body = Buffer.concat([Buffer.from(mark, 'latin1'), Buffer.alloc(20)])
    const header = Buffer.alloc(28)
    header.write('OggS', 'latin1')
    header[5] = 2
    header.writeUInt32LE(index, 14)
    header[26] = 1
    header[27] = body.length
    return Buffer.concat([header, body])
  })
  const next = Buffer.alloc(28)
  next.write('OggS', 'latin1')
  return Buffer.concat([...pages, next, Buffer.alloc(100)])
}

/** MP3 frames of MPEG 1 at 128 kbit/s and 44.1 kHz, without an ID3 tag. */
export function mp3(frames = 4): Buffer {
  const frame = Buffer.alloc(417)
  Buffer.from('fffb9000', 'hex').copy(frame)
  return Buffer.concat(Array.from({ length: frames }, () => frame))
}
