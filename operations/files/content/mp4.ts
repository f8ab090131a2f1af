import type { Bytes, Held } from './bytes.ts'

// ISO/IEC 14496-12, 4.2: a box is its size, its type and what it holds.
const HEADER = 8
const LARGE_HEADER = 16
const LARGEST_MOVIE = 16 * 1024 * 1024
const LARGEST_BRANDS = 1024
const MOST_BOXES = 10_000
const HANDLER_TYPE_AT = 8

// 4.3: the brands of a file stand in one of its first boxes, and before all but these.
const BEFORE_BRANDS = new Set(['free', 'skip', 'wide', 'pdin', 'uuid'])
const MP4_BRAND = /^(iso[m2-9a-c]|mp4[12]|avc1|dash|cmfc|cmf2|M4[ABV] )$/
// QuickTime, 3GPP, Flash, protected music, and pictures: the same boxes with other things in them.
const OTHER_BRAND = /^(qt {2}|3g..|F4.. ?|M4P |mif1|msf1|hei[cxms]|hev[cxms]|avif|avis|crx |jp.. ?|mj.. ?)$/

interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
}

/**
 * Whether a file is MP4, and holds pictures or sound alone: by its brands, of which one must be of MP4 or the first of no
 * other form, and by the handlers of its tracks.
 */
export async function mp4Kind(bytes: Bytes): Promise<Held | null> {
  if (!(await hasBrand(bytes))) return null
  const movie = await findMovie(bytes)
  if (!movie) return 'unknown'
  const handlers = new Set<string>()
  for (const track of boxes(movie, 0, movie.length)) {
    if (track.type !== 'trak') continue
    for (const media of boxes(movie, track.start, track.end)) {
      if (media.type !== 'mdia') continue
      for (const box of boxes(movie, media.start, media.end)) {
        const at = box.start + HANDLER_TYPE_AT
        if (box.type === 'hdlr') handlers.add(movie.toString('latin1', at, at + 4))
      }
    }
  }
  if (handlers.has('vide')) return 'video'
  if (handlers.has('soun')) return 'audio'
  return handlers.has('pict') ? null : 'unknown'
}

async function hasBrand(bytes: Bytes): Promise<boolean> {
  for await (const box of boxesOf(bytes)) {
    if (BEFORE_BRANDS.has(box.type)) continue
    if (box.type !== 'ftyp') return false
    const content = await bytes.read(box.start, Math.min(box.end - box.start, LARGEST_BRANDS))
    // The first brand, its version, and the brands that it is compatible with.
    const [first = '', , ...others] = content.toString('latin1').match(/.{4}/gs) ?? []
    return [first, ...others].some((brand) => MP4_BRAND.test(brand)) || !OTHER_BRAND.test(first)
  }
  return false
}

// The movie's box may stand behind all of its data: the others are stepped over, not read.
async function findMovie(bytes: Bytes): Promise<Buffer | null> {
  for await (const box of boxesOf(bytes)) {
    const length = box.end - box.start
    if (box.type === 'moov') return length > LARGEST_MOVIE ? null : bytes.read(box.start, length)
  }
  return null
}

async function* boxesOf(bytes: Bytes): AsyncGenerator<Box> {
  for (let at = 0, count = 0; at + HEADER <= bytes.size && count < MOST_BOXES; count += 1) {
    const box = readHeader(await bytes.read(at, LARGE_HEADER), 0, bytes.size - at)
    if (!box) return
    yield { type: box.type, start: at + box.start, end: at + box.end }
    at += box.end
  }
}

function* boxes(buffer: Buffer, from: number, to: number): Generator<Box> {
  for (let at = from; at + HEADER <= to; ) {
    const box = readHeader(buffer, at, to - at)
    if (!box) return
    yield box
    at = box.end
  }
}

/** @param space bytes from the box's beginning to the end of what it stands in */
function readHeader(buffer: Buffer, at: number, space: number): Box | null {
  if (at + HEADER > buffer.length) return null
  const type = buffer.toString('latin1', at + 4, at + HEADER)
  let size = buffer.readUInt32BE(at)
  let header = HEADER
  if (size === 1) {
    if (at + LARGE_HEADER > buffer.length) return null
    size = Number(buffer.readBigUInt64BE(at + HEADER))
    header = LARGE_HEADER
  }
  if (size === 0) size = space
  if (size < header) return null
  return { type, start: at + header, end: at + Math.min(size, space) }
}
