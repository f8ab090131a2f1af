import type { Bytes } from './bytes.ts'

// ISO/IEC 11172-3, 2.4.1.3: kbit/s by index, for layer III of MPEG 1 and of MPEG 2 and 2.5.
const RATES = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const LOW_RATES = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
const SAMPLES = [44_100, 48_000, 32_000]
const LAYER_III = 1
const MPEG_1 = 3
const MPEG_2_5 = 0
const RESERVED = 1

/**
 * Whether a file is MP3: it begins with an ID3 tag, or with a frame that another frame follows where it says that it
 * ends. One frame's mark alone is two bytes, which other files have too.
 */
export async function isMpegAudio(bytes: Bytes): Promise<boolean> {
  const head = await bytes.read(0, 4)
  if (head.toString('latin1', 0, 3) === 'ID3') return true
  const length = frameLength(head)
  if (length === null) return false
  return length >= bytes.size || frameLength(await bytes.read(length, 4)) !== null
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
