import type { Bytes } from './bytes.ts'

// ISO/IEC 11172-3, 2.4.1.3: kbit/s by index, for layer III of MPEG 1 and of MPEG 2 and 2.5.
const RATES = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const LOW_RATES = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
const SAMPLES = [44_100, 48_000, 32_000]
const LAYER_III = 1
const MPEG_1 = 3
const MPEG_2_5 = 0
const RESERVED = 1
const FRAME_HEADER = 4

// ID3v2 (id3.org/id3v2.4.0-structure, 3.1): four times seven bits of size, without the header and the footer.
const TAG_HEADER = 10
const HAS_FOOTER = 0x10
const MOST_TAGS = 10

/** A decoder looks for the first frame: a recorder may have cut one, or left blanks before it. */
const SEARCHED_BYTES = 4096
const FRAMES_AFTER_SEARCH = 4

/**
 * Whether a file is MP3: behind its tags there is a frame, and another frame follows where it says that it ends. One
 * frame's mark alone is two bytes, which other files have too.
 */
export async function isMpegAudio(bytes: Bytes): Promise<boolean> {
  const start = await skipTags(bytes)
  if (await hasFrames(bytes, start, 2, 'or the end')) return true
  const searched = await bytes.read(start, SEARCHED_BYTES)
  for (let at = searched.indexOf(0xff, 1); at !== -1; at = searched.indexOf(0xff, at + 1)) {
    if (frameLength(searched.subarray(at, at + FRAME_HEADER)) === null) continue
    if (await hasFrames(bytes, start + at, FRAMES_AFTER_SEARCH)) return true
  }
  return false
}

async function skipTags(bytes: Bytes): Promise<number> {
  let at = 0
  for (let tags = 0; tags < MOST_TAGS; tags += 1) {
    const header = await bytes.read(at, TAG_HEADER)
    if (header.length < TAG_HEADER || header.toString('latin1', 0, 3) !== 'ID3') break
    const size = header.subarray(6).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0)
    at += TAG_HEADER + size + ((header[5] as number) & HAS_FOOTER ? TAG_HEADER : 0)
  }
  return at
}

/** Whether so many frames follow each other; with `or the end`, fewer that end with the file are enough. */
async function hasFrames(bytes: Bytes, start: number, wanted: number, or?: 'or the end'): Promise<boolean> {
  let at = start
  for (let count = 0; count < wanted; count += 1) {
    const length = frameLength(await bytes.read(at, FRAME_HEADER))
    if (length === null) return or !== undefined && count > 0 && at >= bytes.size
    at += length
  }
  return true
}

/** The bytes of a layer III frame, from its header; null for what is none. */
function frameLength(header: Buffer): number | null {
  const [first = 0, second = 0, third = 0] = header
  if (first !== 0xff || second < 0xe0) return null
  const version = (second >> 3) & 3
  const sample = SAMPLES[(third >> 2) & 3]
  const rate = (version === MPEG_1 ? RATES : LOW_RATES)[(third >> 4) - 1]
  if (version === RESERVED || ((second >> 1) & 3) !== LAYER_III || !sample || !rate) return null
  const frequency = version === MPEG_1 ? sample : sample / (version === MPEG_2_5 ? 4 : 2)
  const perFrame = version === MPEG_1 ? 144 : 72
  return Math.floor((perFrame * rate * 1000) / frequency) + ((third >> 1) & 1)
}
