// Runs in a thread of its own: rewriting a recording of 20 minutes takes seconds, and whatever a strange file does to the
// parser stays here.
import { parentPort, workerData } from 'node:worker_threads'
import {
  Conversion,
  FilePathSource,
  FilePathTarget,
  Input,
  type InputFormat,
  MP3,
  MP4,
  Mp4OutputFormat,
  OGG,
  Output,
  type OutputFormat,
  WAVE,
  WEBM,
  WebMOutputFormat,
} from 'mediabunny'
import { withBytes } from '../content/bytes.ts'
import type { Inspection } from './inspect.ts'
import { isWholeWebm } from './whole-webm.ts'

const MEBIBYTE = 1024 * 1024
/** How far the duration that a file states may be from the real one. */
const TOLERANCE_SECONDS = 0.25

// No format that leads to other files or to the network.
const formats = [WEBM, MP4, WAVE, OGG, MP3]
const writable = new Map<InputFormat, () => OutputFormat>([
  [WEBM, () => new WebMOutputFormat()],
  [MP4, () => new Mp4OutputFormat({ fastStart: false })],
])

const EBML = Buffer.from('1a45dfa3', 'hex')
const unreadable: Inspection = { duration: null, rewritten: false }

const { path, copy } = workerData as { path: string; copy: string }
parentPort?.postMessage(await inspect().catch(() => unreadable))

async function inspect(): Promise<Inspection> {
  if (!(await isReadable())) return unreadable
  const input = new Input({ source: new FilePathSource(path, { maxCacheSize: 2 * MEBIBYTE }), formats })
  try {
    const seconds = await input.computeDuration()
    if (!Number.isFinite(seconds) || seconds <= 0) return unreadable
    const stated = await input.getDurationFromMetadata()
    const isRight = stated !== null && Math.abs(stated - seconds) <= TOLERANCE_SECONDS
    return { duration: seconds, rewritten: !isRight && (await rewrite(input)) }
  } finally {
    input.dispose()
  }
}

function isReadable(): Promise<boolean> {
  return withBytes(path, async (bytes) => {
    const isWebm = (await bytes.read(0, EBML.length)).equals(EBML)
    return !isWebm || isWholeWebm(bytes)
  })
}

/** Writes the same sound and pictures into a container that states its duration and where to seek. */
async function rewrite(input: Input): Promise<boolean> {
  const format = writable.get(await input.getFormat())
  if (!format) return false
  const target = new FilePathTarget(copy, { chunkSize: 2 * MEBIBYTE })
  const conversion = await Conversion.init({
    input,
    output: new Output({ format: format(), target }),
    showWarnings: false,
  })
  // Nothing may get lost: a track that cannot be copied leaves the file as it is.
  if (!conversion.isValid || conversion.discardedTracks.length > 0) return false
  await conversion.execute()
  return true
}
