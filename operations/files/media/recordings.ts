import { rm, stat } from 'node:fs/promises'
import type { Received } from '../incoming.ts'
import type { FileStore } from '../store.ts'
import { inspectRecording } from './inspect.ts'

// A copy that is much smaller than what was sent has lost something, whatever the library says. What it may save is the
// description of the parts that a recorder writes as it goes.
const LEAST_SHARE = 0.9
const SAVING_BYTES = 64 * 1024

/** A recording as it will be stored. */
export interface ReadRecording {
  readonly received: Received
  /** In seconds; null where the file cannot be read. */
  readonly duration: number | null
}

/**
 * Reads how long a recording that has arrived is, and writes a copy that states this where the recording does not. The
 * copy is what will be stored; what arrived stays where it is until then. Whatever fails here leaves the recording as it
 * arrived: an answer is worth more than its duration.
 */
export async function readRecording(
  store: FileStore,
  id: string,
  received: Received,
): Promise<ReadRecording> {
  const copy = store.incoming.copyPath(id)
  try {
    const { duration, rewritten } = await inspectRecording(received.path, copy)
    const least = received.sizeBytes * LEAST_SHARE - SAVING_BYTES
    if (rewritten && (await stat(copy)).size >= least) {
      return { received: await store.incoming.measure(copy), duration }
    }
    await rm(copy, { force: true })
    return { received, duration }
  } catch (error) {
    store.log.warn({ err: error, file: id }, 'a recording is stored as it arrived')
    await rm(copy, { force: true })
    return { received, duration: null }
  }
}
