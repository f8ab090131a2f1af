import type { Bytes } from './bytes.ts'

// Element ids of Matroska (RFC 9559), of which WebM is a part, in EBML (RFC 8794).
const SEGMENT = 0x18538067
const CLUSTER = 0x1f43b675
const TRACKS = 0x1654ae6b
const TRACK_ENTRY = 0xae
const TRACK_TYPE = 0x83
const VIDEO = 1
const AUDIO = 2

// The tracks are told before the first cluster of sound or picture.
const HEAD_BYTES = 256 * 1024
const UNKNOWN_SIZE = -1

interface Element {
  readonly id: number
  readonly start: number
  readonly end: number
}

/**
 * Whether a WebM file holds pictures or sound alone, by its list of tracks.
 * @returns null where there is no such list
 */
export async function webmKind(bytes: Bytes): Promise<'audio' | 'video' | null> {
  const head = await bytes.read(0, HEAD_BYTES)
  const segment = find(head, 0, head.length, SEGMENT)
  const tracks = segment && find(head, segment.start, segment.end, TRACKS)
  if (!tracks) return null
  const kinds = new Set<number>()
  for (const entry of elements(head, tracks.start, tracks.end)) {
    if (entry.id !== TRACK_ENTRY) continue
    const type = find(head, entry.start, entry.end, TRACK_TYPE)
    if (type && type.end > type.start) kinds.add(head[type.end - 1] as number)
  }
  if (kinds.has(VIDEO)) return 'video'
  return kinds.has(AUDIO) ? 'audio' : null
}

function find(head: Buffer, from: number, to: number, id: number): Element | null {
  for (const element of elements(head, from, to)) {
    if (element.id === id) return element
    if (element.id === CLUSTER) return null
  }
  return null
}

function* elements(head: Buffer, from: number, to: number): Generator<Element> {
  for (let at = from; at < to; ) {
    const id = readNumber(head, at, false)
    const size = id && readNumber(head, at + id.length, true)
    if (!id || !size) return
    const start = at + id.length + size.length
    // What a recorder writes as it goes has no size yet: it lasts to the end.
    const end = size.value === UNKNOWN_SIZE ? to : Math.min(to, start + size.value)
    yield { id: id.value, start, end }
    at = end
  }
}

// A number's own length is told by the zeros before its first bit that is set (RFC 8794, 4).
function readNumber(head: Buffer, at: number, isSize: boolean): { value: number; length: number } | null {
  const first = head[at]
  if (first === undefined || first === 0) return null
  const length = Math.clz32(first) - 23
  if (at + length > head.length || (!isSize && length > 4)) return null
  let value = isSize ? first & (0xff >> length) : first
  let ones = value === 0xff >> length
  for (let index = 1; index < length; index += 1) {
    const byte = head[at + index] as number
    ones &&= byte === 0xff
    value = value * 256 + byte
  }
  return { value: isSize && ones ? UNKNOWN_SIZE : value, length }
}
