import type { Bytes, Held } from './bytes.ts'

// RFC 3533, 6: a page's header, then one byte for the length of each of its segments.
const CAPTURE = 'OggS'
const HEADER = 27
const FLAGS_AT = 5
const BEGINS_STREAM = 2
const MOST_SEGMENTS = 255
const LONGEST_MARK = 8
const MOST_STREAMS = 100

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
 * Whether a file is Ogg, and holds pictures or sound alone: the first page of each stream names its codec, and they all
 * come before anything else.
 */
export async function oggKind(bytes: Bytes): Promise<Held | null> {
  const kinds = new Set<'audio' | 'video'>()
  for (let at = 0, streams = 0; streams < MOST_STREAMS; streams += 1) {
    const page = await bytes.read(at, HEADER + MOST_SEGMENTS + LONGEST_MARK)
    const isPage = page.length > HEADER && page.toString('latin1', 0, CAPTURE.length) === CAPTURE
    if (!isPage && at === 0) return null
    if (!isPage || ((page[FLAGS_AT] as number) & BEGINS_STREAM) === 0) break
    const body = HEADER + (page[HEADER - 1] as number)
    const start = page.toString('latin1', body, body + LONGEST_MARK)
    const codec = codecs.find(([mark]) => start.startsWith(mark))
    if (codec) kinds.add(codec[1])
    at += body + page.subarray(HEADER, body).reduce((sum, length) => sum + length, 0)
  }
  if (kinds.has('video')) return 'video'
  return kinds.has('audio') ? 'audio' : 'unknown'
}
