import { crc32 } from 'node:zlib'

// Small files of each form, made of what tells their form: enough to be recognised, and to be told from their likes.

/** A PDF of one empty page. */
export function pdf(text = 'a résumé'): Buffer {
  return Buffer.from(`%PDF-1.4\n% ${text}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n`)
}

/** A compound file whose directory names these streams; `WordDocument` makes it a DOC, `Workbook` an XLS. */
export function compoundFile(...streams: string[]): Buffer {
  const header = Buffer.alloc(512)
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(header)
  const entries = [['Root Entry', 5] as const, ...streams.map((name) => [name, 2] as const)].map(
    ([name, type]) => {
      const entry = Buffer.alloc(128)
      entry.write(name, 'utf16le')
      entry.writeUInt16LE((name.length + 1) * 2, 64)
      entry[66] = type
      return entry
    },
  )
  return Buffer.concat([header, Buffer.alloc(1024), ...entries])
}

/** A ZIP file of stored entries. */
export function zip(entries: Record<string, string>): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(entries)) {
    const body = Buffer.from(text)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt32LE(crc32(body), 10)
    common.writeUInt32LE(body.length, 14)
    common.writeUInt32LE(body.length, 18)
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

/** A Word document. */
export function docx(more: Record<string, string> = {}): Buffer {
  return zip({ '[Content_Types].xml': '<Types/>', 'word/document.xml': '<w:document/>', ...more })
}

/** An EBML element. */
function element(id: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(body.length) | (1n << 56n))
  return Buffer.concat([Buffer.from(id, 'hex'), size, body])
}

/** A Matroska file whose tracks are of these kinds. */
export function matroska(docType: string, ...kinds: ('audio' | 'video')[]): Buffer {
  const tracks = kinds.map((kind) =>
    element('ae', element('d7', Buffer.from([1])), element('83', Buffer.from([kind === 'video' ? 1 : 2]))),
  )
  const cluster = element('1f43b675', element('e7', Buffer.from([0])), Buffer.alloc(600))
  // A recorder does not know how long it will go on: the segment's size is the one for unknown.
  const segment = Buffer.from('1853806701ffffffffffffff', 'hex')
  const list = kinds.length > 0 ? [element('1654ae6b', ...tracks)] : []
  return Buffer.concat([
    element('1a45dfa3', element('4282', Buffer.from(docType))),
    segment,
    element('1549a966', element('2ad7b1', Buffer.from([15, 66, 64]))),
    ...list,
    cluster,
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
export function mp4(handlers: string[], order: 'movie first' | 'data first' = 'movie first'): Buffer {
  const tracks = handlers.map((handler) => {
    const fields = Buffer.alloc(24)
    fields.write(handler, 8, 'latin1')
    return box('trak', box('tkhd', Buffer.alloc(20)), box('mdia', box('hdlr', fields)))
  })
  const movie = box('moov', box('mvhd', Buffer.alloc(20)), ...tracks)
  const data = box('mdat', Buffer.alloc(5000, 7))
  const type = box('ftyp', Buffer.from('isom\0\0\x02\0isomiso2mp41', 'latin1'))
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
