import type { Bytes } from './bytes.ts'

const RIFF_HEADER = 12
const CHUNK_HEADER = 8
const MOST_CHUNKS = 100

/** Whether a file is WAV: a RIFF file (or RF64, EBU Tech 3306) of the form WAVE that tells its format before its sound. */
export async function isWave(bytes: Bytes): Promise<boolean> {
  const header = (await bytes.read(0, RIFF_HEADER)).toString('latin1')
  if (!/^(RIFF|RF64|BW64).{4}WAVE$/s.test(header)) return false
  for (let at = RIFF_HEADER, count = 0; count < MOST_CHUNKS; count += 1) {
    const chunk = await bytes.read(at, CHUNK_HEADER)
    if (chunk.length < CHUNK_HEADER) return false
    const type = chunk.toString('latin1', 0, 4)
    if (type === 'fmt ') return true
    if (type === 'data') return false
    const size = chunk.readUInt32LE(4)
    // Chunks begin at even places.
    at += CHUNK_HEADER + size + (size % 2)
  }
  return false
}
