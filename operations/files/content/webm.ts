import type { Bytes, Held } from './bytes.ts'

// Element ids of Matroska (RFC 9559), of which WebM is a part, in EBML (RFC 8794).
const EBML = 0x1a45dfa3
const DOC_TYPE = 0x4282
const SEGMENT = 0x18538067
const SEEK_HEAD = 0x114d9b74
const SEEK = 0x4dbb
const SEEK_ID = 0x53ab
const SEEK_POSITION = 0x53ac
const TRACKS = 0x1654ae6b
const TRACK_ENTRY = 0xae
const TRACK_TYPE = 0x83
const VIDEO = 1
const AUDIO = 2

const LONGEST_HEADER = 12
const LARGEST_LIST = 1024 * 1024
const MOST_ELEMENTS = 10_000

/** One element: what it is, and where its content is. */
export interface Element {
  readonly id: number
  readonly start: number
  readonly end: number
  /** What a recorder writes as it goes has no size yet: it lasts to the end of what it stands in. */
  readonly isOpen: boolean
}

/** Whether a file is WebM, and holds pictures or sound alone, by its list of tracks. */
export async function webmKind(bytes: Bytes): Promise<Held | null> {
  const header = await elementAt(bytes, 0, bytes.size)
  if (header?.id !== EBML) return null
  const type = find(await contentOf(bytes, header), DOC_TYPE)
  if (type?.toString('latin1').replace(/\0+$/, '') !== 'webm') return null
  const segment = await elementAt(bytes, header.end, bytes.size)
  const tracks = segment?.id === SEGMENT ? await findTracks(bytes, segment) : null
  if (!tracks) return 'unknown'
  const list = await contentOf(bytes, tracks)
  const kinds = new Set<number>()
  for (const entry of elementsOf(list)) {
    const kind = entry.id === TRACK_ENTRY && find(list.subarray(entry.start, entry.end), TRACK_TYPE)
    if (kind && kind.length > 0) kinds.add(kind.at(-1) as number)
  }
  if (kinds.has(VIDEO)) return 'video'
  return kinds.has(AUDIO) ? 'audio' : 'unknown'
}

// The tracks are told before the first cluster of sound or picture, or an index says where.
async function findTracks(bytes: Bytes, segment: Element): Promise<Element | null> {
  for (let at = segment.start, count = 0; at < segment.end && count < MOST_ELEMENTS; count += 1) {
    const element = await elementAt(bytes, at, segment.end)
    if (!element) return null
    if (element.id === TRACKS) return element
    if (element.id === SEEK_HEAD) {
      const told = await findTold(bytes, segment, element)
      if (told) return told
    }
    if (element.isOpen) return null
    at = element.end
  }
  return null
}

async function findTold(bytes: Bytes, segment: Element, seekHead: Element): Promise<Element | null> {
  const index = await contentOf(bytes, seekHead)
  for (const seek of elementsOf(index)) {
    if (seek.id !== SEEK) continue
    const entry = index.subarray(seek.start, seek.end)
    const id = find(entry, SEEK_ID)
    const position = find(entry, SEEK_POSITION)
    if (!id || !position || numberOf(id) !== TRACKS) continue
    const tracks = await elementAt(bytes, segment.start + numberOf(position), segment.end)
    if (tracks?.id === TRACKS) return tracks
  }
  return null
}

function contentOf(bytes: Bytes, { start, end }: Element): Promise<Buffer> {
  return bytes.read(start, Math.min(end - start, LARGEST_LIST))
}

async function elementAt(bytes: Bytes, at: number, limit: number): Promise<Element | null> {
  const [element] = elementsOf(await bytes.read(at, LONGEST_HEADER), limit - at)
  return element ? { ...element, start: at + element.start, end: at + element.end } : null
}

function find(content: Buffer, id: number): Buffer | null {
  for (const element of elementsOf(content)) {
    if (element.id === id) return content.subarray(element.start, element.end)
  }
  return null
}

/** @param space how far the elements may go, where that is more than is there of them */
export function* elementsOf(content: Buffer, space = content.length): Generator<Element> {
  for (let at = 0; at < content.length; ) {
    const id = readNumber(content, at, false)
    const size = id && readNumber(content, at + id.length, true)
    if (!id || !size) return
    const start = at + id.length + size.length
    const end = Math.min(space, size.value === null ? space : start + size.value)
    yield { id: id.value as number, start, end, isOpen: size.value === null }
    at = end
  }
}

// A number's own length is told by the zeros before its first bit that is set (RFC 8794, 4).
function readNumber(
  content: Buffer,
  at: number,
  isSize: boolean,
): { value: number | null; length: number } | null {
  const first = content[at]
  if (first === undefined || first === 0) return null
  const length = Math.clz32(first) - 23
  if (at + length > content.length || (!isSize && length > 4)) return null
  const own = isSize ? first & (0xff >> length) : first
  const value = numberOf(Buffer.concat([Buffer.from([own]), content.subarray(at + 1, at + length)]))
  // All bits of a size set: it is not known.
  return { value: isSize && value === 2 ** (7 * length) - 1 ? null : value, length }
}

function numberOf(bytes: Buffer): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}
