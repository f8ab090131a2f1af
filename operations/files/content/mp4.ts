import type { Bytes } from './bytes.ts'

// ISO/IEC 14496-12, 4.2: a box is its size, its type and what it holds.
const HEADER = 8
const LARGE_HEADER = 16
const LARGEST_MOVIE = 16 * 1024 * 1024
const HANDLER_TYPE_AT = 8

interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
}

/**
 * Whether an MP4 file holds pictures or sound alone, by the handlers of its tracks.
 * @returns null where no track tells
 */
export async function mp4Kind(bytes: Bytes): Promise<'audio' | 'video' | null> {
  const movie = await findMovie(bytes)
  if (!movie) return null
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
  return handlers.has('soun') ? 'audio' : null
}

// The movie's box may stand behind all of its data: the others are stepped over, not read.
async function findMovie(bytes: Bytes): Promise<Buffer | null> {
  for (let at = 0; at + HEADER <= bytes.size; ) {
    const header = await bytes.read(at, LARGE_HEADER)
    const box = readHeader(header, 0, bytes.size - at)
    if (!box) return null
    if (box.type === 'moov') {
      const length = box.end - box.start
      return length > LARGEST_MOVIE ? null : bytes.read(at + box.start, length)
    }
    at += box.end
  }
  return null
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
