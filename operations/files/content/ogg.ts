import type { Bytes } from './bytes.ts'

// RFC 3533, 6: a page's header, then one byte for the length of each of its segments.
const CAPTURE = Buffer.from('OggS')
const HEADER = 27
const FLAGS_AT = 5
const BEGINS_STREAM = 2
const HEAD_BYTES = 64 * 1024

const codecs: [string, 'audio' | 'video'][] = [
  ['\x80theora', 'video'],
  ['BBCD', 'video'],
  ['OVP80', 'video'],
  ['\x01video', 'video'],
  ['OpusHead', 'audio'],
  ['\x01vorbis', 'audio'],
  ['\x7fFLAC', 'audio'],
  ['Speex', 'audio'],
]

/**
 * Whether an Ogg file holds pictures or sound alone: the first page of each stream names its codec, and they all come
 * before anything else.
 * @returns null where no codec is known
 */
export async function oggKind(bytes: Bytes): Promise<'audio' | 'video' | null> {
  const head = await bytes.read(0, HEAD_BYTES)
  const kinds = new Set<'audio' | 'video'>()
  for (let at = 0; at + HEADER <= head.length; ) {
    const isPage = head.subarray(at, at + CAPTURE.length).equals(CAPTURE)
    if (!isPage || ((head[at + FLAGS_AT] as number) & BEGINS_STREAM) === 0) break
    const segments = head[at + HEADER - 1] as number
    const body = at + HEADER + segments
    const start = head.toString('latin1', body, body + 8)
    const codec = codecs.find(([mark]) => start.startsWith(mark))
    if (codec) kinds.add(codec[1])
    at = body + head.subarray(at + HEADER, body).reduce((sum, length) => sum + length, 0)
  }
  if (kinds.has('video')) return 'video'
  return kinds.has('audio') ? 'audio' : null
}
