import type { FuzzedServer } from './server.ts'

/** The server's resident memory at a time. */
export interface MemorySample {
  readonly requests: number
  readonly seconds: number
  readonly bytes: number
}

const MEBIBYTE = 1024 * 1024
/** Fewer say nothing: the heap has not been collected yet. */
const ENOUGH_REQUESTS = 20_000
/** What caches, pools and the heap's own room may take after the warm-up. */
const ALLOWED_BYTES = 64 * MEBIBYTE

export async function sampleMemory(
  server: FuzzedServer,
  requests: number,
  seconds: number,
): Promise<MemorySample> {
  return { requests, seconds, bytes: await server.memory() }
}

/**
 * Whether memory stayed where it was after the warm-up: the median of the last fifth of the samples against that of the
 * second fifth.
 */
export function isFlat(samples: readonly MemorySample[]): boolean {
  const last = samples.at(-1)
  if (!last || last.requests < ENOUGH_REQUESTS || last.bytes === 0) return true
  return medianOf(samples, 0.8, 1) - medianOf(samples, 0.2, 0.4) <= ALLOWED_BYTES
}

/** The median of a part of the samples, in bytes. */
export function medianOf(samples: readonly MemorySample[], from: number, to: number): number {
  const part = samples.slice(Math.floor(samples.length * from), Math.max(Math.ceil(samples.length * to), 1))
  const sorted = part.map(({ bytes }) => bytes).sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
